// Contract: training/treatment_observer.h.
// Oracle:   the training without the batch that is skipped; the training that was not interrupted.
#include "training/treatment_observer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "tests/support/temporary_folder.h"
#include "tests/training/training_fixtures.h"
#include "training/model_spec.h"

namespace gradvitals::test {
namespace {

/// Puts NaN into the batch of one step.
class SpoilsStep : public TrainingObserver {
 public:
  explicit SpoilsStep(std::int64_t step) : step_(step) {}
  void on_batch(std::int64_t step, std::span<float> x, std::span<float> /*y*/) override {
    if (step == step_) x[0] = std::numeric_limits<float>::quiet_NaN();
  }

 private:
  std::int64_t step_;
};

class TreatmentObserverTest : public testing::Test {
 protected:
  TrainerOptions options(std::int64_t steps = 30) const {
    return {.loss = LossKind::kSoftmaxCrossEntropy,
            .optimizer = {.kind = OptimizerKind::kMomentum},
            .learning_rate = {.base = 0.05},
            .batch = 16,
            .steps = steps,
            .seed = 9};
  }
  Sequential model() { return build_model(stream_, parse_model_spec("2-16-relu-3"), {.seed = 2}); }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
  TrainingData data_ = ring_data();
};

TEST_F(TreatmentObserverTest, ASkippedStepIsToldAndLeavesWeightsFinite) {
  Sequential trained = model();
  Treatment treatment({.skips = true});
  std::vector<TreatmentEvent> events;
  TreatmentObserver treats(treatment,
                           [&](const TreatmentEvent& event) { events.push_back(event); });
  SpoilsStep spoils(12);
  Recorder recorder;
  Trainer trainer(stream_, trained, data_, options());
  trainer.set_controls(treatment.controls());
  trainer.add_observer(spoils);
  trainer.add_observer(recorder);
  trainer.add_observer(treats);
  const TrainingResult result = trainer.run();
  EXPECT_TRUE(std::isfinite(*result.loss));
  EXPECT_TRUE(recorder.contexts[12].is_skipped);
  EXPECT_FALSE(recorder.contexts[13].is_skipped);
  ASSERT_EQ(std::ranges::count(events, std::int64_t{12}, &TreatmentEvent::step), 1);
  EXPECT_EQ(treatment.counts().skipped_steps, 1);
}

TEST_F(TreatmentObserverTest, AResumedTrainingIsTreatedAlike) {
  const TemporaryFolder folder;
  const std::string path = folder.file("c.safetensors");
  const TreatmentOptions clips{.clips = true, .clip_quantile = 0.5, .skips = true};
  const auto make = [&](Sequential& trained, Treatment& treatment, TreatmentObserver& treats) {
    auto trainer = std::make_unique<Trainer>(stream_, trained, data_, options(120));
    trainer->set_controls(treatment.controls());
    trainer->add_observer(treats);
    return trainer;
  };
  Sequential unbroken = model();
  Treatment all(clips);
  TreatmentObserver treats_all(all);
  const auto trainer = make(unbroken, all, treats_all);
  trainer->run(77);
  trainer->save_checkpoint(path);
  trainer->run();
  Sequential second = model();
  Treatment rest(clips);
  TreatmentObserver treats_rest(rest);
  const auto resumed = make(second, rest, treats_rest);
  resumed->load_checkpoint(path);
  resumed->run();
  EXPECT_EQ(weight_bits(second), weight_bits(unbroken));
  EXPECT_GT(all.counts().clipped_steps, 0);
}

TEST_F(TreatmentObserverTest, NothingIsTreatedUnseen) {
  Sequential trained = model();
  Treatment treatment({.skips = true});
  TreatmentObserver treats(treatment);
  TrainerOptions blind = options();
  blind.watch = false;
  Trainer trainer(stream_, trained, data_, blind);
  trainer.add_observer(treats);
  EXPECT_THROW(trainer.run(), std::logic_error);
}

}  // namespace
}  // namespace gradvitals::test
