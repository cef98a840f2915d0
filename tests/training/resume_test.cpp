// Contract: a training that was interrupted, saved and resumed gives the bits of an unbroken one
//           (Trainer::save_checkpoint(), load_checkpoint()).
// Oracle:   the unbroken training.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kernels/runtime/error.h"
#include "tests/support/temporary_folder.h"
#include "tests/training/training_fixtures.h"
#include "training/checkpoint.h"
#include "training/model_spec.h"
#include "training/trainer.h"
#include "training/treatment_observer.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kBatchSize = 16;   // 81 samples are left to train on: five steps an epoch.
constexpr std::int64_t kInterruptAt = 7;  // Within the second epoch.
constexpr std::int64_t kStepsInAll = 18;

struct ResumeCase {
  const char* name;
  OptimizerChoice optimizer;
  const char* model = "2-16-relu-dropout0.3-layernorm-8-tanh-3";
  LearningRate learning_rate{.base = 0.01};
};

void PrintTo(const ResumeCase& resumed, std::ostream* out) {
  *out << resumed.name;
}

class Resume : public testing::TestWithParam<ResumeCase> {
 protected:
  TrainerOptions options(std::int64_t steps = kStepsInAll) const {
    return {.loss = LossKind::kSoftmaxCrossEntropy,
            .optimizer = GetParam().optimizer,
            .learning_rate = GetParam().learning_rate,
            .batch = kBatchSize,
            .steps = steps,
            .seed = 5};
  }
  Sequential model(std::uint64_t seed = 1) {
    return build_model(stream_, parse_model_spec(GetParam().model), {.seed = seed});
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 2}};
  TrainingData data_ = ring_data();
  TemporaryFolder folder_;
  std::string path_ = folder_.file("checkpoint.safetensors");
};

TEST_P(Resume, BetweenStepsGivesTheBitsOfTheUnbrokenRun) {
  Sequential unbroken = model();
  Trainer trainer(stream_, unbroken, data_, options());
  Recorder all;
  trainer.add_observer(all);
  trainer.run();

  Sequential first = model();
  Trainer interrupted(stream_, first, data_, options());
  interrupted.run(kInterruptAt);
  interrupted.save_checkpoint(path_);

  Sequential second = model();
  Trainer resumed(stream_, second, data_, options());
  Recorder rest;
  resumed.add_observer(rest);
  resumed.load_checkpoint(path_);
  EXPECT_EQ(resumed.step(), kInterruptAt);
  resumed.run();

  EXPECT_EQ(weight_bits(second), weight_bits(unbroken));
  ASSERT_EQ(rest.losses.size(), static_cast<std::size_t>(kStepsInAll - kInterruptAt));
  for (std::size_t i = 0; i < rest.losses.size(); ++i) {
    EXPECT_EQ(rest.losses[i], all.losses[kInterruptAt + i]) << "step " << kInterruptAt + i;
    EXPECT_EQ(rest.samples[i], all.samples[kInterruptAt + i]);
  }
}

/// Saves the state before one step, as it is told of it.
class SavesBefore : public TrainingObserver {
 public:
  SavesBefore(std::int64_t step, std::string path) : step_(step), path_(std::move(path)) {}
  void on_step(const TrainingStep& step) override {
    if (step.step == step_) step.trainer.save_checkpoint(path_);
  }

 private:
  std::int64_t step_;
  std::string path_;
};

TEST_P(Resume, FromWithinAStepMakesThatStepAgain) {
  Sequential unbroken = model();
  Trainer trainer(stream_, unbroken, data_, options());
  Recorder all;
  SavesBefore saves(kInterruptAt, path_);
  trainer.add_observer(all);
  trainer.add_observer(saves);
  trainer.run();

  Sequential second = model();
  Trainer resumed(stream_, second, data_, options());
  Recorder rest;
  resumed.add_observer(rest);
  resumed.load_checkpoint(path_);
  resumed.run();
  EXPECT_EQ(weight_bits(second), weight_bits(unbroken));
  ASSERT_FALSE(rest.steps.empty());
  EXPECT_EQ(rest.steps.front(), kInterruptAt);
  EXPECT_EQ(rest.losses.front(), all.losses[kInterruptAt]);
  const HealthMetrics& again = rest.metrics.front();
  const HealthMetrics& before = all.metrics[kInterruptAt];
  ASSERT_EQ(again.tensors.size(), before.tensors.size());
  for (std::size_t i = 0; i < again.tensors.size(); ++i) {
    EXPECT_EQ(again.tensors[i].stats, before.tensors[i].stats) << before.tensors[i].name;
  }
}

/// Halves the rate from the step behind one on, as a treatment would.
class HalvesAfter : public TrainingObserver {
 public:
  explicit HalvesAfter(std::int64_t step) : step_(step) {}
  void on_step(const TrainingStep& step) override {
    if (step.step == step_) step.trainer.set_controls({.learning_rate_factor = 0.5});
  }

 private:
  std::int64_t step_;
};

TEST_P(Resume, AStepIsMadeAgainWithTheControlsThatItHad) {
  const auto train = [&](Trainer& trainer, bool resumes) {
    HalvesAfter halves(kInterruptAt);
    SavesBefore saves(kInterruptAt, path_);
    trainer.add_observer(halves);
    if (!resumes) trainer.add_observer(saves);
    if (resumes) trainer.load_checkpoint(path_);
    trainer.run();
  };
  Sequential unbroken = model();
  Trainer trainer(stream_, unbroken, data_, options());
  train(trainer, /*resumes=*/false);
  Sequential second = model();
  Trainer resumed(stream_, second, data_, options());
  train(resumed, /*resumes=*/true);
  EXPECT_EQ(weight_bits(second), weight_bits(unbroken));
}

TEST_P(Resume, AWholeEpochHasTheSameMeanLoss) {
  class Means : public TrainingObserver {
   public:
    void on_epoch(const TrainingEpoch& epoch) override { means.push_back(epoch.training_loss); }
    std::vector<double> means;
  };
  Sequential unbroken = model();
  Trainer trainer(stream_, unbroken, data_, options());
  Means all;
  trainer.add_observer(all);
  trainer.run(kInterruptAt);
  trainer.save_checkpoint(path_);
  trainer.run();
  Sequential second = model();
  Trainer resumed(stream_, second, data_, options());
  Means rest;
  resumed.add_observer(rest);
  resumed.load_checkpoint(path_);
  resumed.run();
  ASSERT_EQ(all.means.size(), 3U);
  ASSERT_EQ(rest.means.size(), 2U);
  EXPECT_EQ(rest.means[0], all.means[1]);
  EXPECT_EQ(rest.means[1], all.means[2]);
}

INSTANTIATE_TEST_SUITE_P(
    Optimizers, Resume,
    testing::Values(ResumeCase{.name = "Sgd", .optimizer = {.kind = OptimizerKind::kSgd}},
                    ResumeCase{.name = "Momentum", .optimizer = {.kind = OptimizerKind::kMomentum}},
                    ResumeCase{.name = "Adam", .optimizer = {.kind = OptimizerKind::kAdam}},
                    ResumeCase{.name = "AdamW",
                               .optimizer = {.kind = OptimizerKind::kAdamW},
                               .learning_rate = {.base = 0.01,
                                                 .warmup_steps = 5,
                                                 .decay = LearningRateDecay::kCosine}}),
    [](const auto& param) { return param.param.name; });

/// Keeps what it hears of the tracker, and may save the state before one step.
class HearsEvents : public TrainingObserver {
 public:
  explicit HearsEvents(std::int64_t saved_step = -1, std::string path = {})
      : saved_step_(saved_step), path_(std::move(path)) {}
  void on_step(const TrainingStep& step) override {
    if (step.step == saved_step_) step.trainer.save_checkpoint(path_);
    for (const HealthEvent& event : step.events) {
      events.push_back({step.step, name(event.kind), event.episode.finding.text});
    }
  }

  std::vector<std::tuple<std::int64_t, std::string_view, std::string>> events;

 private:
  std::int64_t saved_step_;
  std::string path_;
};

/// What is left of a training, for comparison.
struct TreatedRun {
  std::vector<std::uint32_t> weights;
  std::vector<std::tuple<std::int64_t, std::string_view, std::string>> events;
  std::vector<std::int64_t> cuts;
  std::string tracker;
};

/// A line through the origin whose slope is learned with a rate that makes it explode, until the
/// treatment has cut it.
class ResumedTreatment : public testing::Test {
 protected:
  static constexpr std::int64_t kSteps = 110;

  static TrainingData line() {
    Dataset points{.rows = 32, .features = 1, .outputs = 1, .x = {}, .y = {}};
    for (int i = 0; i < 32; ++i) {
      points.x.push_back(i);
      points.y.push_back(3.0 * i);
    }
    return make_training_data(points, {.data = "line", .validation_share = 0.0});
  }

  /// From the checkpoint, where there is one; until `most_steps` are made, and saved then.
  TreatedRun train(const std::string& from, std::int64_t most_steps = kSteps,
                   std::int64_t saved_step = -1) {
    Sequential model = build_model(stream_, parse_model_spec("1-1"), {.seed = 1});
    Trainer trainer(stream_, model, data_,
                    {.optimizer = {.kind = OptimizerKind::kSgd},
                     .learning_rate = {.base = 2.1},
                     .batch = 8,
                     .steps = kSteps});
    TreatedRun run;
    const TreatmentObserver treatment(
        trainer, {.cuts_learning_rate = true},
        [&run](const TreatmentEvent& event) { run.cuts.push_back(event.step); });
    HearsEvents hears(saved_step, path_);
    trainer.add_observer(hears);
    if (!from.empty()) trainer.load_checkpoint(from);
    trainer.run(most_steps);
    if (most_steps < kSteps) trainer.save_checkpoint(path_);
    run.weights = weight_bits(model);
    run.events = hears.events;
    run.tracker = trainer.tracker().save_state();
    return run;
  }

  void expect_goes_on(const TreatedRun& resumed, const TreatedRun& unbroken, std::int64_t step) {
    const auto rest_of = [step](auto heard, auto step_of) {
      std::erase_if(heard, [&](const auto& event) { return step_of(event) < step; });
      return heard;
    };
    EXPECT_EQ(resumed.weights, unbroken.weights);
    EXPECT_EQ(resumed.tracker, unbroken.tracker);
    EXPECT_EQ(resumed.events,
              rest_of(unbroken.events, [](const auto& event) { return std::get<0>(event); }));
    EXPECT_EQ(resumed.cuts, rest_of(unbroken.cuts, [](std::int64_t cut) { return cut; }));
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
  TrainingData data_ = line();
  TemporaryFolder folder_;
  std::string path_ = folder_.file("checkpoint.safetensors");
};

TEST_F(ResumedTreatment, ThatCutsTheRateGoesOnAsTheUnbrokenOneFromEveryStep) {
  const TreatedRun unbroken = train({});
  ASSERT_GE(unbroken.cuts.size(), 2U);
  ASSERT_FALSE(unbroken.events.empty());
  for (std::int64_t step = 1; step < kSteps; ++step) {
    SCOPED_TRACE(step);
    train({}, step);
    expect_goes_on(train(path_), unbroken, step);
  }
}

TEST_F(ResumedTreatment, FromWithinAnyStepHearsItsEventsAgainAndJudgesItOnce) {
  const TreatedRun unbroken = train({});
  for (std::int64_t step = 0; step < kSteps; ++step) {
    SCOPED_TRACE(step);
    train({}, kSteps, step);
    expect_goes_on(train(path_), unbroken, step);
  }
}

TEST_F(ResumedTreatment, BeginsAnewWhereTheCheckpointHasNoTracker) {
  train({}, 40);
  Checkpoint checkpoint = read_checkpoint(stream_, path_);
  ASSERT_EQ(checkpoint.state.erase("tracker"), 1U);
  write_checkpoint(path_, checkpoint);
  Sequential model = build_model(stream_, parse_model_spec("1-1"), {.seed = 1});
  Trainer trainer(stream_, model, data_,
                  {.optimizer = {.kind = OptimizerKind::kSgd},
                   .learning_rate = {.base = 2.1},
                   .batch = 8,
                   .steps = kSteps});
  trainer.run(5);
  trainer.load_checkpoint(path_);
  EXPECT_EQ(trainer.step(), 40);
  EXPECT_EQ(trainer.tracker().steps(), 0);
  trainer.run(3);
  EXPECT_EQ(trainer.tracker().steps(), 3);
}

TEST_F(ResumedTreatment, RefusesADamagedTrackerAndStaysAsItWas) {
  train({}, 40);
  Checkpoint checkpoint = read_checkpoint(stream_, path_);
  std::string& state = checkpoint.state.at("tracker");
  state.replace(state.find("norm_drift"), 10, "norm_draft");
  write_checkpoint(path_, checkpoint);
  Sequential model = build_model(stream_, parse_model_spec("1-1"), {.seed = 1});
  Trainer trainer(stream_, model, data_,
                  {.optimizer = {.kind = OptimizerKind::kSgd},
                   .learning_rate = {.base = 2.1},
                   .batch = 8,
                   .steps = kSteps});
  trainer.run(5);
  const std::string before = trainer.tracker().save_state();
  try {
    trainer.load_checkpoint(path_);
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find(path_), std::string::npos) << message;
    EXPECT_NE(message.find("memory.norm_drift is missing"), std::string::npos) << message;
  }
  EXPECT_EQ(trainer.step(), 5);
  EXPECT_EQ(trainer.tracker().save_state(), before);
}

}  // namespace
}  // namespace gradvitals::test
