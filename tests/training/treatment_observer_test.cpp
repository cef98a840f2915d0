// Contract: training/treatment_observer.h: a treatment acts on the steps that follow, and goes on after
//           a resume.
// Oracle:   loops by hand, from the framework's parts; the unbroken training.
#include "training/treatment_observer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "framework/losses.h"
#include "kernels/runtime/error.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/temporary_folder.h"
#include "tests/training/training_fixtures.h"
#include "training/checkpoint.h"
#include "training/model_spec.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kTreatedBatch = 16;
constexpr double kTreatedRate = 0.02;

/// Multiplies some batches, or puts a value into one of their samples.
class SpoilsBatches : public TrainingObserver {
 public:
  struct Fault {
    std::int64_t step;
    float value;  ///< Of one feature; with is_factor, what all are multiplied by.
    bool is_factor = false;
  };
  explicit SpoilsBatches(std::vector<Fault> faults) : faults_(std::move(faults)) {}

  void on_batch(std::int64_t step, std::span<float> x, std::span<float> /*y*/) override {
    for (const Fault& fault : faults_) {
      if (fault.step != step) continue;
      if (fault.is_factor) {
        for (float& value : x) value *= fault.value;
      } else {
        x[5] = fault.value;
      }
    }
  }

 private:
  std::vector<Fault> faults_;
};

constexpr float kNaNFeature = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfFeature = std::numeric_limits<float>::infinity();

struct TreatedOptimizer {
  const char* name;
  OptimizerKind kind;
  std::function<std::unique_ptr<Optimizer>()> make;  ///< The framework's own, for the oracle.
};

class TreatedTraining : public testing::TestWithParam<TreatedOptimizer> {
 protected:
  Sequential model() { return build_model(stream_, parse_model_spec("2-16-relu-3"), {.seed = 1}); }
  TrainerOptions options(std::int64_t steps) const {
    return {.loss = LossKind::kSoftmaxCrossEntropy,
            .optimizer = {.kind = GetParam().kind},
            .learning_rate = {.base = kTreatedRate},
            .batch = kTreatedBatch,
            .steps = steps,
            .seed = 3};
  }

  /// A plain loop that never sees the batches of the steps left out.
  std::vector<std::uint32_t> trained_without(std::int64_t steps,
                                             const std::vector<std::int64_t>& left_out) {
    Sequential trained = model();
    Batches batches(data_.training.rows, kTreatedBatch, 3);
    const std::unique_ptr<Optimizer> optimizer = GetParam().make();
    for (std::int64_t step = 0; step < steps; ++step) {
      if (std::ranges::count(left_out, step) > 0) continue;
      std::vector<float> x;
      std::vector<float> y;
      for (const std::int64_t row : batches.samples(step)) {
        for (std::int64_t i = 0; i < 2; ++i) x.push_back(data_.training.x[row * 2 + i]);
        for (std::int64_t i = 0; i < 3; ++i) y.push_back(data_.training.y[row * 3 + i]);
      }
      Tape tape(stream_);
      const Tensor error = softmax_cross_entropy(
          tape, trained.forward(tape, Tensor::from_host<float>(stream_, {kTreatedBatch, 2}, x)),
          Tensor::from_host<float>(stream_, {kTreatedBatch, 3}, y));
      optimizer->apply(stream_, tape.gradient(error, trained.trainable_variables()));
    }
    return weight_bits(trained);
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 2}};
  TrainingData data_ = ring_data();
};

TEST_P(TreatedTraining, ThatSkipsNaNHasTheBitsOfTheTrainingWithoutThatBatch) {
  for (const float value : {kNaNFeature, kInfFeature}) {
    for (const std::int64_t fault : {0, 1, 7, 29}) {
      SCOPED_TRACE(fault);
      Sequential trained = model();
      SpoilsBatches spoils({{.step = fault, .value = value}});
      Trainer trainer(stream_, trained, data_, options(30));
      trainer.add_observer(spoils);
      TreatmentObserver treatment(trainer, {.skips = true});
      trainer.run();
      EXPECT_EQ(weight_bits(trained), trained_without(30, {fault}));
      EXPECT_EQ(treatment.counts().skipped_steps, 1);
    }
  }
}

TEST_P(TreatedTraining, ThatSkipsManyBatchesHasTheBitsOfTheTrainingWithoutThem) {
  Sequential trained = model();
  // From the 65th step on, norms that are spikes are skipped as well.
  SpoilsBatches spoils({{.step = 3, .value = kNaNFeature},
                        {.step = 4, .value = kInfFeature},
                        {.step = 80, .value = 1e4F, .is_factor = true},
                        {.step = 81, .value = kNaNFeature}});
  Trainer trainer(stream_, trained, data_, options(100));
  Recorder recorder;
  trainer.add_observer(spoils);
  trainer.add_observer(recorder);
  const TreatmentObserver treatment(trainer, {.skips = true});
  trainer.run();
  std::vector<std::int64_t> skipped;
  for (std::size_t step = 0; step < 100; ++step) {
    if (recorder.contexts[step].is_skipped) skipped.push_back(static_cast<std::int64_t>(step));
  }
  EXPECT_EQ(skipped, (std::vector<std::int64_t>{3, 4, 80, 81}));
  EXPECT_EQ(weight_bits(trained), trained_without(100, {3, 4, 80, 81}));
}

constexpr std::int64_t kTreatedSteps = 130;
constexpr std::int64_t kTreatedInterrupt = 97;

/// Faults before and after the interruption, spikes among them.
std::vector<SpoilsBatches::Fault> faults_of_long_run() {
  return {{.step = 20, .value = kNaNFeature},
          {.step = 90, .value = 1e3F, .is_factor = true},
          {.step = 100, .value = kInfFeature},
          {.step = 120, .value = 1e3F, .is_factor = true}};
}

constexpr TreatmentOptions kAllTreatments{
    .clips = true, .clip_quantile = 0.5, .skips = true, .cuts_learning_rate = true};

TEST_P(TreatedTraining, ResumedHasTheBitsOfTheUnbrokenOne) {
  const TemporaryFolder folder;
  const std::string path = folder.file("checkpoint.safetensors");
  SpoilsBatches spoils(faults_of_long_run());
  std::vector<std::uint32_t> unbroken;
  TreatmentCounts counts;
  {
    Sequential trained = model();
    Trainer trainer(stream_, trained, data_, options(kTreatedSteps));
    trainer.add_observer(spoils);
    const TreatmentObserver treatment(trainer, kAllTreatments);
    trainer.run();
    unbroken = weight_bits(trained);
    counts = treatment.counts();
  }
  EXPECT_EQ(counts.skipped_steps, 4);
  EXPECT_GT(counts.clipped_steps, 0);
  {
    Sequential trained = model();
    Trainer trainer(stream_, trained, data_, options(kTreatedSteps));
    trainer.add_observer(spoils);
    const TreatmentObserver treatment(trainer, kAllTreatments);
    trainer.run(kTreatedInterrupt);
    trainer.save_checkpoint(path);
  }
  Sequential trained = model();
  Trainer trainer(stream_, trained, data_, options(kTreatedSteps));
  trainer.add_observer(spoils);
  const TreatmentObserver treatment(trainer, kAllTreatments);
  trainer.load_checkpoint(path);
  trainer.run();
  EXPECT_EQ(weight_bits(trained), unbroken);
  EXPECT_EQ(treatment.counts().clipped_steps, counts.clipped_steps);
  EXPECT_EQ(treatment.counts().skipped_steps, counts.skipped_steps);
}

/// Saves the state before one step, as it is told of it.
class SavesWithin : public TrainingObserver {
 public:
  SavesWithin(std::int64_t step, std::string path) : step_(step), path_(std::move(path)) {}
  void on_step(const TrainingStep& step) override {
    if (step.step == step_) step.trainer.save_checkpoint(path_);
  }

 private:
  std::int64_t step_;
  std::string path_;
};

TEST_P(TreatedTraining, ResumedFromWithinAStepHasTheBitsOfTheUnbrokenOne) {
  const TemporaryFolder folder;
  // Told before the treatment of the step, and after it.
  for (const bool is_told_first : {true, false}) {
    for (const std::int64_t step : {90, 97}) {
      SCOPED_TRACE(testing::Message() << step << (is_told_first ? " before" : " after"));
      const std::string path = folder.file("checkpoint.safetensors");
      SpoilsBatches spoils(faults_of_long_run());
      SavesWithin saves(step, path);
      Sequential unbroken = model();
      Trainer trainer(stream_, unbroken, data_, options(kTreatedSteps));
      trainer.add_observer(spoils);
      if (is_told_first) trainer.add_observer(saves);
      const TreatmentObserver treatment(trainer, kAllTreatments);
      if (!is_told_first) trainer.add_observer(saves);
      trainer.run();

      Sequential resumed = model();
      Trainer second(stream_, resumed, data_, options(kTreatedSteps));
      second.add_observer(spoils);
      const TreatmentObserver again(second, kAllTreatments);
      second.load_checkpoint(path);
      second.run();
      EXPECT_EQ(weight_bits(resumed), weight_bits(unbroken));
      EXPECT_EQ(again.counts().clipped_steps, treatment.counts().clipped_steps);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Optimizers, TreatedTraining,
    testing::Values(
        TreatedOptimizer{
            "Sgd", OptimizerKind::kSgd,
            [] { return std::make_unique<Sgd>(Sgd::Options{.learning_rate = kTreatedRate}); }},
        TreatedOptimizer{"Momentum", OptimizerKind::kMomentum,
                         [] {
                           return std::make_unique<Momentum>(
                               Momentum::Options{.learning_rate = kTreatedRate});
                         }},
        TreatedOptimizer{
            "Adam", OptimizerKind::kAdam,
            [] { return std::make_unique<Adam>(Adam::Options{.learning_rate = kTreatedRate}); }},
        TreatedOptimizer{
            "AdamW", OptimizerKind::kAdamW,
            [] { return std::make_unique<AdamW>(AdamW::Options{.learning_rate = kTreatedRate}); }}),
    [](const auto& param) { return param.param.name; });

class TreatmentObserverTest : public testing::Test {
 protected:
  Sequential model() { return build_model(stream_, parse_model_spec("2-16-relu-3"), {.seed = 1}); }
  TrainerOptions options(std::int64_t steps, double rate = kTreatedRate) const {
    return {.loss = LossKind::kSoftmaxCrossEntropy,
            .optimizer = {.kind = OptimizerKind::kSgd},
            .learning_rate = {.base = rate},
            .batch = kTreatedBatch,
            .steps = steps,
            .seed = 3};
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
  TrainingData data_ = ring_data();
};

TEST_F(TreatmentObserverTest, ClipsFromTheFirstStepAndTellsIt) {
  Sequential trained = model();
  Recorder recorder;
  std::vector<TreatmentEvent> events;
  Trainer trainer(stream_, trained, data_, options(5));
  trainer.add_observer(recorder);
  const TreatmentObserver treatment(
      trainer, {.clips = true, .clip_norm = 1e-3},
      [&events](const TreatmentEvent& event) { events.push_back(event); });
  trainer.run();
  for (std::size_t step = 0; step < 5; ++step) {
    const double norm = global_norm(recorder.metrics[step]);
    EXPECT_NEAR(recorder.contexts[step].clip_scale, 1e-3 / norm, 1e-12 / norm);
  }
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, TreatmentKind::kClip);
  EXPECT_EQ(events[0].step, 0);
  EXPECT_NEAR(events[0].after, 1e-3, 1e-15);
  EXPECT_EQ(treatment.counts().clipped_steps, 5);
}

/// A line through the origin whose slope is learned with far too large a rate.
TEST_F(TreatmentObserverTest, CutsTheRateOfATrainingThatExplodesUntilItConverges) {
  Dataset line{.rows = 32, .features = 1, .outputs = 1, .x = {}, .y = {}};
  for (int i = 0; i < 32; ++i) {
    line.x.push_back(i);
    line.y.push_back(3.0 * i);
  }
  const TrainingData data = make_training_data(line, {.data = "line", .validation_share = 0.0});
  const auto final_loss = [&](bool is_treated, std::vector<double>& rates) {
    Sequential trained = build_model(stream_, parse_model_spec("1-1"), {.seed = 1});
    Recorder recorder;
    // The slope's error grows by 1.2 in each step.
    Trainer trainer(stream_, trained, data,
                    {.optimizer = {.kind = OptimizerKind::kSgd},
                     .learning_rate = {.base = 1.1},
                     .batch = 32,
                     .steps = 300});
    trainer.add_observer(recorder);
    const TreatmentObserver treatment(trainer, {.cuts_learning_rate = is_treated});
    const TrainingResult result = trainer.run();
    for (const StepContext& context : recorder.contexts) rates.push_back(*context.learning_rate);
    EXPECT_EQ(treatment.counts().learning_rate_cuts > 0, is_treated);
    return *result.loss;
  };
  std::vector<double> untreated_rates;
  std::vector<double> rates;
  EXPECT_GT(final_loss(false, untreated_rates), 1e6);
  EXPECT_LT(final_loss(true, rates), 1e-3);
  EXPECT_EQ(untreated_rates.back(), 1.1);
  EXPECT_EQ(rates.front(), 1.1);
  EXPECT_LE(rates.back(), 0.55);
}

TEST_F(TreatmentObserverTest, BeginsAnewFromACheckpointWithoutTreatment) {
  const TemporaryFolder folder;
  const std::string path = folder.file("checkpoint.safetensors");
  Sequential trained = model();
  Trainer plain(stream_, trained, data_, options(20));
  plain.run(8);
  plain.save_checkpoint(path);
  Trainer trainer(stream_, trained, data_, options(20));
  const TreatmentObserver treatment(trainer, {.clips = true, .clip_norm = 1e-3, .skips = true});
  trainer.load_checkpoint(path);
  EXPECT_EQ(trainer.step(), 8);
  EXPECT_TRUE(trainer.controls().skips_nonfinite);
  EXPECT_EQ(trainer.controls().max_norm, 1e-3);
  trainer.run();
  EXPECT_EQ(treatment.counts().clipped_steps, 12);
}

TEST_F(TreatmentObserverTest, RefusesACheckpointWhoseTreatmentIsDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder.file("checkpoint.safetensors");
  Sequential trained = model();
  Trainer trainer(stream_, trained, data_, options(20));
  const TreatmentObserver treatment(trainer, {.skips = true});
  trainer.run(3);
  trainer.save_checkpoint(path);
  Checkpoint checkpoint = read_checkpoint(stream_, path);
  checkpoint.state["treatment.norms"] = "1 x";
  write_checkpoint(path, checkpoint);
  try {
    trainer.load_checkpoint(path);
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("treatment.norms"), std::string::npos) << error.what();
  }
}

TEST_F(TreatmentObserverTest, NeedsATrainerThatWatches) {
  Sequential trained = model();
  TrainerOptions blind = options(1);
  blind.watch = false;
  Trainer trainer(stream_, trained, data_, blind);
  expect_invalid([&] { TreatmentObserver(trainer, {.skips = true}); }, {"watch"});
}

}  // namespace
}  // namespace gradvitals::test
