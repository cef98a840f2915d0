// Contract: training/trainer.h: the order of a step, and what observers are told.
// Oracle:   the same loop by hand, from the framework's parts.
#include "training/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/temporary_folder.h"
#include "tests/training/trainer_fixture.h"

namespace gradvitals::test {
namespace {

TEST_F(TrainerTest, TrainsAsALoopByHandDoes) {
  Sequential trained = model();
  Trainer trainer(stream_, trained, data_, ring_options(12));
  const TrainingResult result = trainer.run();
  EXPECT_EQ(result.steps, 12);
  EXPECT_TRUE(result.is_complete);
  EXPECT_EQ(weight_bits(trained), by_hand(12));
}

TEST_F(TrainerTest, WatchingChangesNoBit) {
  Sequential watched = model();
  Trainer(stream_, watched, data_, ring_options(12)).run();
  Sequential unwatched = model();
  TrainerOptions options = ring_options(12);
  options.watch = false;
  Recorder recorder;
  Trainer trainer(stream_, unwatched, data_, options);
  trainer.add_observer(recorder);
  trainer.run();
  EXPECT_EQ(weight_bits(unwatched), weight_bits(watched));
  EXPECT_EQ(recorder.steps.size(), 12U);
  EXPECT_TRUE(recorder.metrics.empty());
}

TEST_F(TrainerTest, LearnsTheRings) {
  Sequential trained = model();
  TrainerOptions options = ring_options(0);
  options.steps.reset();
  options.epochs = 100;
  const TrainingResult result = Trainer(stream_, trained, data_, options).run();
  EXPECT_EQ(result.steps, 500);
  ASSERT_TRUE(result.validation);
  EXPECT_GE(result.validation->score, 7.0 / 9.0);
  EXPECT_LT(*result.loss, 0.5);
}

TEST_F(TrainerTest, ObserversHearOfEveryStepBeforeItsUpdate) {
  class Looks : public Recorder {
   public:
    void on_step(const TrainingStep& step) override {
      Recorder::on_step(step);
      EXPECT_EQ(step.trainer.step(), step.step);
      weights.push_back(weight_bits(step.trainer.model()));
    }
    std::vector<std::vector<std::uint32_t>> weights;
  };
  Sequential trained = model();
  const std::vector<std::uint32_t> initial = weight_bits(trained);
  Looks looks;
  Trainer trainer(stream_, trained, data_, ring_options(6));
  trainer.add_observer(looks);
  trainer.run();
  EXPECT_EQ(looks.steps, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(looks.epochs, std::vector<std::int64_t>{0});
  EXPECT_TRUE(looks.before_update);
  EXPECT_EQ(looks.weights.front(), initial);
  EXPECT_EQ(looks.weights.back(), by_hand(5));
}

TEST_F(TrainerTest, MetricsHaveWhatAStepShows) {
  Sequential trained = model();
  Recorder recorder;
  TrainerOptions options = ring_options(9);
  options.checkup_every = 5;
  Trainer trainer(stream_, trained, data_, options);
  trainer.add_observer(recorder);
  trainer.run();
  const auto count = [](const HealthMetrics& metrics, Role role) {
    return std::ranges::count(metrics.tensors, role, &TensorRecord::role);
  };
  ASSERT_EQ(recorder.metrics.size(), 9U);
  for (std::size_t step = 0; step < 9; ++step) {
    SCOPED_TRACE(step);
    const HealthMetrics& metrics = recorder.metrics[step];
    const bool is_checkup = step < 3 || step == 5;
    EXPECT_EQ(recorder.contexts[step].is_checkup, is_checkup);
    EXPECT_EQ(metrics.step, static_cast<std::int64_t>(step));
    ASSERT_TRUE(metrics.loss);
    EXPECT_EQ(*metrics.loss, recorder.losses[step]);
    EXPECT_EQ(count(metrics, Role::kGradient), 4);
    EXPECT_EQ(count(metrics, Role::kWeight), 4);
    EXPECT_EQ(count(metrics, Role::kUpdateSquares), step == 0 ? 0 : 4);
    EXPECT_EQ(count(metrics, Role::kDelta), is_checkup ? 2 : 0);
    EXPECT_EQ(metrics.units.size(), is_checkup ? 1U : 0U);
    EXPECT_EQ(recorder.contexts[step].learning_rate, 0.01);
  }
}

TEST_F(TrainerTest, UpdateSquaresAreThoseOfTheUpdateBefore) {
  class Weights : public TrainingObserver {
   public:
    void on_step(const TrainingStep& step) override {
      kernels.push_back(step.trainer.model().parameters()[0]->value.to_host<float>());
      for (const TensorRecord& tensor : step.metrics->tensors) {
        if (tensor.role == Role::kUpdateSquares && tensor.name == "dense/kernel") {
          squares.push_back(tensor.stats.sum);
        }
      }
    }
    std::vector<std::vector<float>> kernels;
    std::vector<double> squares;
  };
  Sequential trained = model();
  Weights weights;
  Trainer trainer(stream_, trained, data_, ring_options(8));
  trainer.add_observer(weights);
  trainer.run();
  ASSERT_EQ(weights.squares.size(), 7U);
  for (std::size_t step = 1; step < 8; ++step) {
    double sum = 0.0;
    for (std::size_t i = 0; i < weights.kernels[step].size(); ++i) {
      const double change = double{weights.kernels[step][i]} - double{weights.kernels[step - 1][i]};
      sum += change * change;
    }
    // Sums of 32 squares in another order.
    EXPECT_NEAR(weights.squares[step - 1], sum, 1e-12 * sum) << "step " << step;
  }
}

TEST_F(TrainerTest, NoStepsAreTrainedInNoEpochs) {
  Sequential trained = model();
  const TrainingResult result = Trainer(stream_, trained, data_, ring_options(0)).run();
  EXPECT_EQ(result.steps, 0);
  EXPECT_TRUE(result.is_complete);
  EXPECT_FALSE(result.loss);
  EXPECT_TRUE(result.validation);
}

TEST_F(TrainerTest, RefusesOptionsAndModelsThatDoNotFit) {
  Sequential trained = model();
  const auto with = [&](auto change) {
    return [&, change] {
      TrainerOptions options = ring_options(1);
      change(options);
      Trainer(stream_, trained, data_, options);
    };
  };
  expect_invalid(with([](TrainerOptions& options) { options.epochs = -1; }), {"epochs", "-1"});
  expect_invalid(with([](TrainerOptions& options) {
                   options.steps.reset();
                   options.epochs = std::numeric_limits<std::int64_t>::max();
                 }),
                 {"epochs", "2^63"});
  expect_invalid(with([](TrainerOptions& options) { options.steps = -2; }), {"steps", "-2"});
  expect_invalid(with([](TrainerOptions& options) { options.batch = 0; }), {"batch", "0"});
  expect_invalid(with([](TrainerOptions& options) { options.checkup_every = 0; }),
                 {"checkup_every", "0"});
  expect_invalid(with([](TrainerOptions& options) { options.learning_rate.base = -1.0; }),
                 {"base", "-1"});
  Sequential narrow = model("3-4-relu-3");
  expect_invalid([&] { Trainer(stream_, narrow, data_, ring_options(1)); },
                 {"(3,)", "rings", "2 features"});
  Sequential short_of = model("2-4-relu-2");
  expect_invalid([&] { Trainer(stream_, short_of, data_, ring_options(1)); },
                 {"(2,)", "3 targets"});
}

TEST_F(TrainerTest, AModelOfOneParameterTrains) {
  Dataset line{.rows = 8, .features = 1, .outputs = 1, .x = {}, .y = {}};
  for (int i = 0; i < 8; ++i) {
    line.x.push_back(i);
    line.y.push_back(-2.0 * i);
  }
  const TrainingData data = make_training_data(line, {.data = "line", .validation_share = 0.0});
  Sequential trained(stream_, {.name = "Line", .input_shape = {1}, .seed = 1});
  trained.add(Dense(1, Activation::kLinear, {.use_bias = false}));
  ASSERT_EQ(trained.parameter_count(), 1);
  Trainer trainer(
      stream_, trained, data,
      {.optimizer = {.kind = OptimizerKind::kSgd}, .learning_rate = {.base = 0.1}, .epochs = 100});
  const TrainingResult result = trainer.run();
  EXPECT_LT(*result.loss, 1e-6);
  EXPECT_FALSE(result.validation);
}

TEST_F(TrainerTest, AStepTakesNoDeviceMemoryAfterTheFirstOnes) {
  class Watches : public TrainingObserver {
   public:
    explicit Watches(Stream stream) : stream_(stream) {}
    void on_step(const TrainingStep& step) override {
      if (step.step >= 12) taken.push_back(stream_.memory().taken_count);
    }
    std::vector<std::int64_t> taken;

   private:
    Stream stream_;
  };
  Sequential trained = model();
  Watches watches(stream_);
  TrainingData data = ring_data();
  data.validation = {};
  Trainer trainer(stream_, trained, data, ring_options(40));
  trainer.add_observer(watches);
  trainer.run();
  EXPECT_EQ(watches.taken.front(), watches.taken.back());
}

class TrainerOnDevices : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, TrainerOnDevices, all_devices(), device_name);

TEST_P(TrainerOnDevices, EveryStepIsHeardOfOnceAndInOrder) {
  constexpr std::int64_t kStepsHere = 14;
  const TrainingData data = ring_data();
  Sequential trained =
      build_model(stream(), parse_model_spec("2-8-relu-dropout0.2-3"), {.seed = 1});
  Recorder recorder;
  TrainerOptions options = ring_options(kStepsHere);
  options.checkup_every = 6;
  Trainer trainer(stream(), trained, data, options);
  trainer.add_observer(recorder);
  trainer.set_controls({.max_norm = 0.5, .skips_nonfinite = true});
  const TrainingResult result = trainer.run();
  ASSERT_EQ(recorder.steps.size(), static_cast<std::size_t>(kStepsHere));
  for (std::int64_t step = 0; step < kStepsHere; ++step) {
    const auto at = static_cast<std::size_t>(step);
    EXPECT_EQ(recorder.steps[at], step);
    EXPECT_EQ(recorder.metrics[at].step, step);
    EXPECT_EQ(recorder.contexts[at].is_checkup, step < 3 || step % 6 == 0);
    EXPECT_TRUE(std::isfinite(recorder.losses[at]));
  }
  EXPECT_EQ(recorder.before_update, GetParam() != DeviceType::kCuda);
  EXPECT_EQ(recorder.epochs, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(trainer.tracker().steps(), kStepsHere);
  EXPECT_TRUE(std::isfinite(result.validation->loss));
}

TEST_P(TrainerOnDevices, CheckpointsResumeWithTheSameBits) {
  const TemporaryFolder folder;
  const std::string path = folder.file("c.safetensors");
  const TrainingData data = ring_data();
  const ModelSpec spec = parse_model_spec("2-8-relu-dropout0.2-3");
  Sequential unbroken = build_model(stream(), spec, {.seed = 1});
  Trainer trainer(stream(), unbroken, data, ring_options(9));
  trainer.run(4);
  trainer.save_checkpoint(path);
  trainer.run();
  Sequential second = build_model(stream(), spec, {.seed = 1});
  Trainer resumed(stream(), second, data, ring_options(9));
  resumed.load_checkpoint(path);
  resumed.run();
  EXPECT_EQ(weight_bits(second), weight_bits(unbroken));
}

}  // namespace
}  // namespace gradvitals::test
