// Contract: training/replay.h: the step of an incident is made again with the same bits, and shows which
//           sample did it.
// Oracle:   what the training that the incident is of told its observers.
#include "training/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/runtime/error.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/temporary_folder.h"
#include "tests/training/training_fixtures.h"
#include "training/flight_recorder.h"
#include "training/model_spec.h"
#include "training/treatment_observer.h"

namespace gradvitals::test {
namespace {

constexpr float kNaNValue = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kReplayBatch = 16;

std::uint64_t bits_of(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

const TensorRecord& record_of(const HealthMetrics& metrics, const TensorRecord& like) {
  const auto found = std::ranges::find_if(metrics.tensors, [&](const TensorRecord& tensor) {
    return tensor.role == like.role && tensor.name == like.name;
  });
  if (found == metrics.tensors.end()) throw std::logic_error("not there: " + like.name.text());
  return *found;
}

class ReplayTest : public testing::Test {
 protected:
  Sequential model() {
    return build_model(stream_, parse_model_spec("2-16-relu-dropout0.2-8-tanh-3"), {.seed = 1});
  }
  TrainerOptions options() const {
    return {.loss = LossKind::kSoftmaxCrossEntropy,
            .optimizer = {.kind = OptimizerKind::kAdam},
            .learning_rate = {.base = 0.01},
            .batch = kReplayBatch,
            .steps = 60,
            .seed = 3};
  }

  /// Trains with the observers before a recorder, until the first incident.
  StoredIncident incident_of(Sequential& trained, const std::vector<TrainingObserver*>& observers) {
    class StopsAtIncident : public TrainingObserver {
     public:
      explicit StopsAtIncident(const FlightRecorder& flight) : flight_(flight) {}
      void on_step(const TrainingStep& step) override {
        if (!flight_.incidents().empty()) step.trainer.stop();
      }

     private:
      const FlightRecorder& flight_;
    };
    FlightRecorder flight({.folder = folder_.file("incidents")});
    StopsAtIncident stops(flight);
    Trainer trainer(stream_, trained, data_, options());
    for (TrainingObserver* const observer : observers) trainer.add_observer(*observer);
    trainer.add_observer(told_);
    trainer.add_observer(flight);
    trainer.add_observer(stops);
    trainer.run();
    return read_incident(flight.incidents().at(0));
  }

  /// The same bits of the loss, and of all statistics of gradients and weights.
  void expect_same_step(const Replay& again, std::size_t step) {
    EXPECT_EQ(again.step, static_cast<std::int64_t>(step));
    if (std::isnan(told_.losses[step])) {
      EXPECT_TRUE(std::isnan(again.loss));
    } else {
      EXPECT_EQ(bits_of(again.loss), bits_of(told_.losses[step]));
    }
    int compared = 0;
    for (const TensorRecord& tensor : told_.metrics[step].tensors) {
      if (tensor.role != Role::kGradient && tensor.role != Role::kWeight) continue;
      EXPECT_EQ(record_of(again.metrics, tensor).stats, tensor.stats) << tensor.name;
      ++compared;
    }
    EXPECT_EQ(compared, 12);
    EXPECT_TRUE(again.differences.empty()) << again.differences.front();
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 2}};
  TrainingData data_ = ring_data();
  TemporaryFolder folder_;
  Recorder told_;
};

TEST_F(ReplayTest, ASampleThatIsNotFiniteIsFoundInABatchOfTheData) {
  data_.training.x[2 * 37 + 1] = kNaNValue;
  Sequential trained = model();
  const StoredIncident incident = incident_of(trained, {});
  Sequential loaded = model();
  TrainerOptions closely = options();
  closely.checkup_every = 1;
  Trainer trainer(stream_, loaded, data_, closely);
  const Replay again = replay(trainer, incident);
  expect_same_step(again, static_cast<std::size_t>(incident.step));
  EXPECT_EQ(again.diagnosis.verdict, Verdict::kNonFinite);
  ASSERT_EQ(again.samples.size(), static_cast<std::size_t>(kReplayBatch));
  const ReplayedSample& worst = again.samples.front();
  EXPECT_EQ(worst.row, 37);
  EXPECT_EQ(incident.samples.at(static_cast<std::size_t>(worst.place)), 37);
  EXPECT_EQ(worst.source_row, data_.training.source_rows.at(37));
  EXPECT_EQ(worst.nonfinite_feature, 1);
  EXPECT_FALSE(worst.nonfinite_target);
  EXPECT_TRUE(std::isnan(worst.loss));
  for (std::size_t i = 1; i < again.samples.size(); ++i) {
    EXPECT_TRUE(again.samples[i].is_finite());
    EXPECT_TRUE(std::isfinite(again.samples[i].loss));
  }
  const std::string text = replay_text(again, incident);
  EXPECT_NE(text.find("1 of the batch's 16 samples holds values that are not finite"),
            std::string::npos)
      << text;
  const std::string place =
      "row " + std::to_string(data_.training.source_rows.at(37)) + " of the file";
  EXPECT_NE(text.find(place), std::string::npos) << text;
  EXPECT_NE(text.find(": feature 1 is not finite"), std::string::npos) << text;
  EXPECT_NE(text.find("are those that were recorded"), std::string::npos) << text;
}

/// Changes a weight before a step.
class BreaksWeight : public TrainingObserver {
 public:
  BreaksWeight(std::int64_t step, Stream stream, Sequential& model)
      : step_(step), stream_(stream), model_(model) {}
  void on_batch(std::int64_t step, std::span<float> /*x*/, std::span<float> /*y*/) override {
    if (step != step_) return;
    Tensor& kernel = model_.parameters()[2]->value;
    std::vector<float> values = kernel.to_host<float>();
    values[5] = std::numeric_limits<float>::infinity();
    kernel.copy_from_host<float>(stream_, values);
  }

 private:
  std::int64_t step_;
  Stream stream_;
  Sequential& model_;
};

TEST_F(ReplayTest, AWeightThatIsNotFiniteIsToldFromASample) {
  Sequential trained = model();
  BreaksWeight breaks(23, stream_, trained);
  const StoredIncident incident = incident_of(trained, {&breaks});
  EXPECT_EQ(incident.step, 23);
  Sequential loaded = model();
  Trainer trainer(stream_, loaded, data_, options());
  const Replay again = replay(trainer, incident);
  expect_same_step(again, 23);
  const auto kernel = std::ranges::find_if(again.metrics.tensors, [](const TensorRecord& tensor) {
    return tensor.role == Role::kWeight && tensor.stats.nonfinite_count() > 0;
  });
  ASSERT_NE(kernel, again.metrics.tensors.end());
  EXPECT_EQ(kernel->stats.first_nonfinite_index, 5);
  EXPECT_EQ(again.diagnosis.findings.front().tensor, kernel->name.text());
  const std::string text = replay_text(again, incident);
  EXPECT_NE(text.find("it is weights that are not"), std::string::npos) << text;
}

TEST_F(ReplayTest, GivesTheBitsOfAHealthyStepAsWell) {
  Sequential trained = model();
  const StoredIncident incident = [&] {
    // A finding by hand: the training itself is healthy.
    class Alarms : public TrainingObserver {
     public:
      explicit Alarms(FlightRecorder& flight) : flight_(flight) {}
      void on_step(const TrainingStep& step) override {
        HealthEvent event;
        event.episode.finding.rule = RuleId::kLossGrowth;
        event.episode.finding.severity = Severity::kCritical;
        event.episode.finding.text = "The loss grows.";
        const std::vector<HealthEvent> events{event};
        flight_.on_step({.trainer = step.trainer,
                         .step = step.step,
                         .epoch = step.epoch,
                         .loss = step.loss,
                         .metrics = step.metrics,
                         .context = step.context,
                         .controls = step.controls,
                         .events = step.step == 33 ? std::span(events) : step.events,
                         .samples = step.samples,
                         .is_before_update = step.is_before_update});
      }

     private:
      FlightRecorder& flight_;
    };
    FlightRecorder flight({.folder = folder_.file("incidents")});
    Alarms alarms(flight);
    Trainer trainer(stream_, trained, data_, options());
    trainer.add_observer(told_);
    const TreatmentObserver treatment(trainer, {.clips = true, .clip_norm = 0.1});
    trainer.add_observer(alarms);
    trainer.run();
    return read_incident(flight.incidents().at(0));
  }();
  Sequential loaded = model();
  TrainerOptions closely = options();
  closely.checkup_every = 1;
  Trainer trainer(stream_, loaded, data_, closely);
  const Replay again = replay(trainer, incident);
  expect_same_step(again, 33);
  EXPECT_EQ(trainer.step(), 34);
  EXPECT_EQ(trainer.controls().max_norm, 0.1) << "clipped as it was";
  for (std::size_t i = 1; i < again.samples.size(); ++i) {
    EXPECT_GE(again.samples[i - 1].loss, again.samples[i].loss);
  }
  // One step more than the replay: nothing of it stays behind.
  Sequential unbroken = model();
  Trainer whole(stream_, unbroken, data_, options());
  const TreatmentObserver clips(whole, {.clips = true, .clip_norm = 0.1});
  whole.run();
  trainer.run();
  EXPECT_EQ(weight_bits(loaded), weight_bits(unbroken));
}

TEST_F(ReplayTest, OtherDataAreRefusedAndAnotherStepIsTold) {
  data_.training.x[2 * 37] = kNaNValue;
  Sequential trained = model();
  const StoredIncident incident = incident_of(trained, {});
  Sequential loaded = model();
  TrainingData other = data_;
  other.training.x[0] += 1.0F;
  Trainer on_other(stream_, loaded, other, options());
  EXPECT_THROW(replay(on_other, incident), InputError);
  class MendsBatch : public TrainingObserver {
    void on_batch(std::int64_t /*step*/, std::span<float> x, std::span<float> /*y*/) override {
      for (float& value : x) value = std::isnan(value) ? 0.0F : value;
    }
  } mends;
  Trainer mended(stream_, loaded, data_, options());
  mended.add_observer(mends);
  const Replay again = replay(mended, incident);
  EXPECT_FALSE(again.differences.empty());
  const std::string text = replay_text(again, incident);
  EXPECT_NE(text.find("not the step that was recorded"), std::string::npos) << text;
  EXPECT_NE(text.find("the loss is"), std::string::npos) << text;
}

TEST_F(ReplayTest, WhatCannotBeReplayedIsRefusedByName) {
  data_.training.x[2 * 37] = kNaNValue;
  Sequential trained = model();
  const StoredIncident incident = incident_of(trained, {});
  Sequential loaded = model();
  Trainer trainer(stream_, loaded, data_, options());
  StoredIncident later = incident;
  later.checkpoint_step = incident.step + 2;
  try {
    replay(trainer, later);
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("GPU"), std::string::npos) << error.what();
  }
  TrainerOptions blind = options();
  blind.watch = false;
  Trainer unwatched(stream_, loaded, data_, blind);
  expect_invalid([&] { replay(unwatched, incident); }, {"watch"});
  TrainerOptions few = options();
  few.steps = incident.step;
  Trainer brief(stream_, loaded, data_, few);
  expect_invalid([&] { replay(brief, incident); }, {"steps"});
}

TEST(ReplayText, NamesTheSamplesOfTheLargestLosses) {
  Replay again;
  again.step = 7;
  again.loss = 2.5;
  for (int i = 0; i < 5; ++i) {
    again.samples.push_back({.place = i,
                             .row = 10 + i,
                             .loss = 9.0 - i,
                             .max_abs_feature = 0.5 * i,
                             .nonfinite_feature = {},
                             .nonfinite_target = {}});
  }
  StoredIncident incident;
  incident.rule = "R17";
  incident.severity = "critical";
  incident.text = "The loss grows.";
  EXPECT_EQ(replay_text(again, incident),
            "Step 7 again: its loss is 2.5.\n"
            "Loss, gradients and weights are those that were recorded.\n"
            "Recorded (R17 critical): The loss grows.\n"
            "This step by itself is healthy: it was those before that showed it.\n"
            "Each of the batch's 5 samples alone is finite, with a median loss of 7. The largest:\n"
            "  sample 0 of the batch (row 10 of the training data): loss 9, largest feature 0\n"
            "  sample 1 of the batch (row 11 of the training data): loss 8, largest feature 0.5\n"
            "  sample 2 of the batch (row 12 of the training data): loss 7, largest feature 1\n");
  for (ReplayedSample& sample : again.samples) sample.loss = std::nan("");
  EXPECT_NE(replay_text(again, incident).find("the weights are too large"), std::string::npos);
  again.samples.resize(1);
  again.samples[0].nonfinite_target = 2;
  EXPECT_NE(replay_text(again, incident).find("target 2 is not finite"), std::string::npos);
}

}  // namespace
}  // namespace gradvitals::test
