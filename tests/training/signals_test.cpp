// Contract: TrainerOptions::signals and TrainingStep::signals. Oracle: gradients of the same steps and
// halves made by hand, their cosines and the paper's two-batch formulas in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "framework/losses.h"
#include "framework/tape.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tolerances.h"
#include "tests/training/training_fixtures.h"
#include "training/model_spec.h"
#include "training/trainer.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kBatchOfSignals = 16;

TrainerOptions signal_options(TrainingSignals signals, std::int64_t steps = 8) {
  return {.loss = LossKind::kSoftmaxCrossEntropy,
          .learning_rate = {.base = 0.01},
          .batch = kBatchOfSignals,
          .steps = steps,
          .seed = 3,
          .checkup_every = 4,
          .signals = signals};
}

/// Each parameter's, one after the other.
using HostGradients = std::vector<std::vector<float>>;

HostGradients to_host(const Gradients& gradients) {
  HostGradients host;
  for (const Gradient& gradient : gradients) host.push_back(gradient.value->to_host<float>());
  return host;
}

/// The gradients of the mean loss of rows [begin, end) of a batch of rings.
HostGradients gradients_of_rows(Stream& stream, const Sequential& model, std::span<const float> x,
                                std::span<const float> y, std::size_t begin, std::size_t end) {
  const auto rows = static_cast<std::int64_t>(end - begin);
  Tape tape(stream);
  const Tensor error = softmax_cross_entropy(
      tape,
      model.forward(tape, Tensor::from_host<float>(stream, {rows, 2},
                                                   x.subspan(2 * begin, 2 * (end - begin)))),
      Tensor::from_host<float>(stream, {rows, 3}, y.subspan(3 * begin, 3 * (end - begin))));
  return to_host(tape.gradient(error, model.parameters()));
}

double square_norm(const HostGradients& gradients) {
  double sum = 0.0;
  for (const std::vector<float>& tensor : gradients) {
    for (const float value : tensor) sum += static_cast<double>(value) * value;
  }
  return sum;
}

double cosine_by_hand(const HostGradients& x, const HostGradients& y) {
  double dot = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t k = 0; k < x[i].size(); ++k) {
      dot += static_cast<double>(x[i][k]) * y[i][k];
    }
  }
  return dot / std::sqrt(square_norm(x) * square_norm(y));
}

/// Keeps signals, and of each step the gradients of its batch and its halves.
class SignalRecorder : public TrainingObserver {
 public:
  SignalRecorder(Stream& stream, const Sequential& model) : stream_(stream), model_(model) {}

  void on_batch(std::int64_t /*step*/, std::span<float> x, std::span<float> y) override {
    whole.push_back(gradients_of_rows(stream_, model_, x, y, 0, 16));
    first.push_back(gradients_of_rows(stream_, model_, x, y, 0, 8));
    second.push_back(gradients_of_rows(stream_, model_, x, y, 8, 16));
  }
  void on_step(const TrainingStep& step) override {
    ASSERT_NE(step.signals, nullptr);
    signals.push_back(*step.signals);
    contexts.push_back(step.context);
  }

  std::vector<HostGradients> whole, first, second;
  std::vector<GradientSignals> signals;
  std::vector<StepContext> contexts;

 private:
  Stream& stream_;
  const Sequential& model_;
};

// Gradients are float32, and the oracle's sums of a batch have another order than two halves': a few
// roundings of values that partly cancel.
constexpr Tolerance kFloat32Signal{.absolute = 1e-5, .relative = 1e-4};

class TrainingSignalsTest : public DeviceTest {
 protected:
  Sequential model(const char* words = "2-16-relu-3") {
    return build_model(stream(), parse_model_spec(words), {.seed = 1});
  }
  TrainingData data_ = ring_data();
};
INSTANTIATE_TEST_SUITE_P(Devices, TrainingSignalsTest, all_devices(), device_name);

TEST_P(TrainingSignalsTest, CosinesAreThoseOfThisStepsGradientsAndTheLast) {
  Sequential trained = model();
  Trainer trainer(stream(), trained, data_, signal_options({.cosine = true}));
  SignalRecorder recorder(stream(), trained);
  trainer.add_observer(recorder);
  trainer.run();
  ASSERT_EQ(recorder.signals.size(), 8U);
  EXPECT_FALSE(recorder.signals[0].cosine) << "no step before";
  for (std::size_t step = 1; step < 8; ++step) {
    const GradientSignals& signals = recorder.signals[step];
    const HostGradients& now = recorder.whole[step];
    const HostGradients& before = recorder.whole[step - 1];
    ASSERT_TRUE(signals.cosine);
    expect_close(*signals.cosine, cosine_by_hand(now, before), kFloat32Signal);
    EXPECT_EQ(recorder.contexts[step].gradient_cosine, signals.cosine);
    ASSERT_EQ(signals.tensor_cosines.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
      ASSERT_TRUE(signals.tensor_cosines[i]);
      expect_close(*signals.tensor_cosines[i], cosine_by_hand({now[i]}, {before[i]}),
                   kFloat32Signal);
    }
    EXPECT_FALSE(signals.noise_scale) << "not asked for";
  }
}

TEST_P(TrainingSignalsTest, TheNoiseScaleIsThatOfTheHalvesOfTheBatchesOfCheckups) {
  Sequential trained = model();
  Trainer trainer(stream(), trained, data_, signal_options({.noise = true}));
  SignalRecorder recorder(stream(), trained);
  trainer.add_observer(recorder);
  trainer.run();
  double square = 0.0;
  double trace = 0.0;
  for (std::size_t step = 0; step < 8; ++step) {
    if (step < 3 || step == 4) {  // Check-ups.
      const double big = square_norm(recorder.whole[step]);
      const double small =
          (square_norm(recorder.first[step]) + square_norm(recorder.second[step])) / 2.0;
      square = 0.9 * square + (16.0 * big - 8.0 * small) / 8.0;
      trace = 0.9 * trace + (small - big) / (1.0 / 8.0 - 1.0 / 16.0);
    }
    ASSERT_GT(square, 0.0) << "or the case shows nothing";
    ASSERT_TRUE(recorder.signals[step].noise_scale) << step;
    expect_close(*recorder.signals[step].noise_scale, trace / square, kFloat32Signal);
    EXPECT_EQ(recorder.contexts[step].noise_scale, recorder.signals[step].noise_scale);
    EXPECT_FALSE(recorder.signals[step].cosine) << "not asked for";
    EXPECT_TRUE(recorder.signals[step].tensor_cosines.empty());
  }
}

TEST_P(TrainingSignalsTest, SignalsChangeNoBitNotEvenOfDropout) {
  const char* const words = "2-16-relu-dropout0.5-16-tanh-dropout0.2-3";
  Sequential plain = model(words);
  Recorder without;
  Trainer trainer(stream(), plain, data_, signal_options({}));
  trainer.add_observer(without);
  trainer.run();
  Sequential measured = model(words);
  Recorder with;
  Trainer other(stream(), measured, data_, signal_options({.cosine = true, .noise = true}));
  other.add_observer(with);
  other.run();
  EXPECT_EQ(weight_bits(measured), weight_bits(plain));
  EXPECT_EQ(with.losses, without.losses);
}

TEST_P(TrainingSignalsTest, HalvesHaveMasksOfTheirOwn) {
  // One sample over and over: with the same masks both halves' gradients would be alike, and noise 0.
  Dataset dataset = ring_dataset(40);
  for (std::size_t i = 0; i < dataset.x.size(); ++i) dataset.x[i] = i % 2 == 0 ? 0.5 : -0.25;
  for (std::size_t i = 0; i < dataset.y.size(); ++i) dataset.y[i] = i % 8 == 7 ? 1.0 : 0.0;
  TrainingData data = make_training_data(dataset, {.data = "one", .form = TargetForm::kClasses});
  std::ranges::fill(data.training.x, 0.5F);
  for (std::size_t i = 0; i < data.training.y.size(); ++i) {
    data.training.y[i] = i % static_cast<std::size_t>(data.outputs) == 0 ? 1.0F : 0.0F;
  }
  Sequential trained =
      build_model(stream(), parse_model_spec("2-64-relu-dropout0.5-2"), {.seed = 1});
  Trainer trainer(stream(), trained, data, signal_options({.noise = true}, 1));
  class Keeps : public TrainingObserver {
   public:
    void on_step(const TrainingStep& step) override { scale = step.signals->noise_scale; }
    std::optional<double> scale;
  } keeps;
  trainer.add_observer(keeps);
  trainer.run();
  ASSERT_TRUE(keeps.scale);
  EXPECT_GT(*keeps.scale, 0.01);
}

TEST_P(TrainingSignalsTest, NothingIsToldWhereNothingIsAsked) {
  class Looks : public TrainingObserver {
   public:
    void on_step(const TrainingStep& step) override {
      EXPECT_EQ(step.signals, nullptr);
      EXPECT_FALSE(step.context.noise_scale);
      EXPECT_FALSE(step.context.gradient_cosine);
    }
  } looks;
  Sequential trained = model();
  Trainer trainer(stream(), trained, data_, signal_options({}, 4));
  trainer.add_observer(looks);
  trainer.run();
}

class TrainingSignalsOnCpu : public testing::Test {
 protected:
  Stream stream_{{.device = DeviceType::kCpu, .threads = 2}};
  Sequential model_ = build_model(stream_, parse_model_spec("2-16-relu-3"), {.seed = 1});
  TrainingData data_ = ring_data();
};

TEST_F(TrainingSignalsOnCpu, ANanBatchLeavesSignalsEmptyAndTheNextButOneHasThemAgain) {
  class Breaks : public SignalRecorder {
   public:
    using SignalRecorder::SignalRecorder;
    void on_batch(std::int64_t step, std::span<float> x, std::span<float> y) override {
      if (step == 4) x[3] = std::numeric_limits<float>::quiet_NaN();
      SignalRecorder::on_batch(step, x, y);
    }
  };
  Trainer trainer(stream_, model_, data_, signal_options({.cosine = true, .noise = true}));
  trainer.set_controls({.skips_nonfinite = true});
  Breaks breaks(stream_, model_);
  trainer.add_observer(breaks);
  trainer.run();
  EXPECT_TRUE(breaks.signals[3].cosine);
  EXPECT_FALSE(breaks.signals[4].cosine);
  EXPECT_FALSE(breaks.signals[5].cosine);
  EXPECT_TRUE(breaks.signals[6].cosine);
  EXPECT_EQ(breaks.signals[4].noise_scale, breaks.signals[3].noise_scale) << "left out";
}

TEST_F(TrainingSignalsOnCpu, AStepThatIsMadeAnewIsMeasuredOnce) {
  class Throws : public SignalRecorder {
   public:
    using SignalRecorder::SignalRecorder;
    void on_step(const TrainingStep& step) override {
      if (step.step == 2 && !std::exchange(has_thrown, true)) throw std::runtime_error("once");
      SignalRecorder::on_step(step);
    }
    bool has_thrown = false;
  };
  Trainer trainer(stream_, model_, data_, signal_options({.cosine = true, .noise = true}));
  Throws throws(stream_, model_);
  trainer.add_observer(throws);
  EXPECT_THROW(trainer.run(), std::runtime_error);
  trainer.run();
  Sequential other = build_model(stream_, parse_model_spec("2-16-relu-3"), {.seed = 1});
  Trainer unbroken(stream_, other, data_, signal_options({.cosine = true, .noise = true}));
  SignalRecorder recorder(stream_, other);
  unbroken.add_observer(recorder);
  unbroken.run();
  ASSERT_EQ(throws.signals.size(), recorder.signals.size());
  for (std::size_t i = 0; i < throws.signals.size(); ++i) {
    EXPECT_EQ(throws.signals[i].noise_scale, recorder.signals[i].noise_scale) << i;
    if (i == 2) continue;
    EXPECT_EQ(throws.signals[i].cosine, recorder.signals[i].cosine) << i;
  }
  EXPECT_FALSE(throws.signals[2].cosine) << "the step before is not there any more";
}

TEST_F(TrainingSignalsOnCpu, AResumedTrainingBeginsThemAnew) {
  const TemporaryFolder folder;
  const std::string path = folder.file("half.safetensors");
  Trainer trainer(stream_, model_, data_, signal_options({.cosine = true, .noise = true}));
  trainer.run(5);
  trainer.save_checkpoint(path);
  trainer.run();
  trainer.load_checkpoint(path);
  SignalRecorder recorder(stream_, model_);
  trainer.add_observer(recorder);
  trainer.run();
  ASSERT_EQ(recorder.signals.size(), 3U);
  EXPECT_FALSE(recorder.signals[0].cosine);
  EXPECT_TRUE(recorder.signals[1].cosine);
  for (const GradientSignals& signals : recorder.signals) EXPECT_FALSE(signals.noise_scale);
}

TEST_F(TrainingSignalsOnCpu, AnOddBatchIsMeasuredWithoutItsLastSample) {
  TrainerOptions options = signal_options({.noise = true}, 1);
  options.batch = 17;
  Trainer trainer(stream_, model_, data_, options);
  SignalRecorder recorder(stream_, model_);  // Halves of the first 16.
  trainer.add_observer(recorder);
  trainer.run();
  const double big = square_norm(recorder.whole[0]);
  const double small = (square_norm(recorder.first[0]) + square_norm(recorder.second[0])) / 2.0;
  const double square = (16.0 * big - 8.0 * small) / 8.0;
  const double trace = (small - big) / (1.0 / 8.0 - 1.0 / 16.0);
  ASSERT_GT(square, 0.0);
  ASSERT_TRUE(recorder.signals[0].noise_scale);
  expect_close(*recorder.signals[0].noise_scale, trace / square, kFloat32Signal);
}

TEST_F(TrainingSignalsOnCpu, WhatCannotBeMeasuredIsRefused) {
  TrainerOptions unwatched = signal_options({.cosine = true});
  unwatched.watch = false;
  expect_invalid([&] { Trainer(stream_, model_, data_, unwatched); },
                 {"signals", "TrainerOptions::watch"});
  TrainerOptions single = signal_options({.noise = true});
  single.batch = 1;
  expect_invalid([&] { Trainer(stream_, model_, data_, single); }, {"noise scale", "one sample"});
}

}  // namespace
}  // namespace gradvitals::test
