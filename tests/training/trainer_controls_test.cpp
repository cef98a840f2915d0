// Contract: training/trainer.h: clipping, skipping and factors of the learning rate.
// Oracle:   the same loop by hand, from the framework's parts.
#include "training/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/expect_invalid.h"
#include "tests/training/trainer_fixture.h"

namespace gradvitals::test {
namespace {

constexpr float kBroken = std::numeric_limits<float>::quiet_NaN();

/// Puts NaN into one batch.
class BreaksBatch : public TrainingObserver {
 public:
  explicit BreaksBatch(std::int64_t step) : step_(step) {}
  void on_batch(std::int64_t step, std::span<float> x, std::span<float> /*y*/) override {
    if (step == step_) x[3] = kBroken;
  }

 private:
  std::int64_t step_;
};

TEST_F(TrainerTest, WithoutTreatmentWhatIsNotFiniteIsApplied) {
  Sequential trained = model();
  BreaksBatch breaks(4);
  Trainer trainer(stream_, trained, data_, ring_options(6));
  trainer.add_observer(breaks);
  const TrainingResult result = trainer.run();
  EXPECT_TRUE(std::isnan(*result.loss));
  const std::vector<float> kernel = trained.parameters()[0]->value.to_host<float>();
  EXPECT_TRUE(std::ranges::any_of(kernel, [](float value) { return std::isnan(value); }));
}

TEST_F(TrainerTest, ASkippedStepLeavesTheBitsOfATrainingWithoutIt) {
  Sequential trained = model();
  BreaksBatch breaks(4);
  Recorder recorder;
  Trainer trainer(stream_, trained, data_, ring_options(9));
  trainer.add_observer(breaks);
  trainer.add_observer(recorder);
  trainer.set_controls({.skips_nonfinite = true});
  trainer.run();
  EXPECT_EQ(weight_bits(trained), by_hand(9, {4}));
  for (std::size_t step = 0; step < 9; ++step) {
    EXPECT_EQ(recorder.contexts[step].is_skipped, step == 4) << "step " << step;
  }
}

TEST_F(TrainerTest, ALimitOfTheNormClipsAndTheContextSaysByHowMuch) {
  Sequential trained = model();
  Recorder recorder;
  Trainer trainer(stream_, trained, data_, ring_options(5));
  trainer.add_observer(recorder);
  trainer.set_controls({.max_norm = 1e-3});
  trainer.run();
  for (std::size_t step = 0; step < 5; ++step) {
    const double norm = global_norm(recorder.metrics[step]);
    EXPECT_NEAR(recorder.contexts[step].clip_scale, 1e-3 / norm, 1e-12 / norm);
    EXPECT_FALSE(recorder.contexts[step].is_skipped);
  }
}

TEST_F(TrainerTest, AStepBeyondTheLimitToSkipIsSkipped) {
  Sequential trained = model();
  const std::vector<std::uint32_t> initial = weight_bits(trained);
  Recorder recorder;
  Trainer trainer(stream_, trained, data_, ring_options(3));
  trainer.add_observer(recorder);
  trainer.set_controls({.skip_above_norm = 1e-6});
  trainer.run();
  EXPECT_EQ(weight_bits(trained), initial);
  EXPECT_TRUE(recorder.contexts[2].is_skipped);
}

TEST_F(TrainerTest, ControlsThatAreSetInAStepCountFromTheNext) {
  class Slows : public TrainingObserver {
   public:
    void on_step(const TrainingStep& step) override {
      rates.push_back(*step.context.learning_rate);
      if (step.step == 2) step.trainer.set_controls({.learning_rate_factor = 0.5});
    }
    std::vector<double> rates;
  };
  Sequential trained = model();
  Slows slows;
  Trainer trainer(stream_, trained, data_, ring_options(5));
  trainer.add_observer(slows);
  trainer.run();
  EXPECT_EQ(slows.rates, (std::vector<double>{0.01, 0.01, 0.01, 0.005, 0.005}));
}

TEST_F(TrainerTest, RefusesControlsThatMeanNothing) {
  Sequential trained = model();
  Trainer trainer(stream_, trained, data_, ring_options(1));
  const auto set = [&](StepControls controls) {
    return [&trainer, controls] { trainer.set_controls(controls); };
  };
  expect_invalid(set({.learning_rate_factor = -1.0}), {"learning_rate_factor", "-1"});
  expect_invalid(set({.learning_rate_factor = std::nan("")}), {"learning_rate_factor", "nan"});
  expect_invalid(set({.max_norm = 0.0}), {"norm", "0"});
  expect_invalid(set({.skip_above_norm = std::nan("")}), {"norm", "nan"});
  TrainerOptions options = ring_options(1);
  options.watch = false;
  Trainer blind(stream_, trained, data_, options);
  expect_invalid([&] { blind.set_controls({.max_norm = 1.0}); }, {"watch"});
  EXPECT_NO_THROW(blind.set_controls({.learning_rate_factor = 0.5}));
}

TEST_F(TrainerTest, TheContextSaysWhatTheUpdateDidOnTheEdgeOfALimit) {
  // The norm itself as the limit: the device compares that very number.
  Sequential first = model();
  Recorder recorder;
  Trainer trainer(stream_, first, data_, ring_options(1));
  trainer.add_observer(recorder);
  class Norm : public TrainingObserver {
   public:
    void on_step(const TrainingStep& step) override { norm = step.gradients->l2_norm(); }
    double norm = 0.0;
  };
  Norm norm;
  trainer.add_observer(norm);
  trainer.run();
  const std::vector<std::uint32_t> initial = weight_bits(model());
  for (const double limit : {norm.norm, std::nextafter(norm.norm, 0.0)}) {
    Sequential again = model();
    Recorder context;
    Trainer limited(stream_, again, data_, ring_options(1));
    limited.add_observer(context);
    limited.set_controls({.skip_above_norm = limit});
    limited.run();
    EXPECT_EQ(context.contexts.front().is_skipped, limit < norm.norm);
    EXPECT_EQ(weight_bits(again) == initial, limit < norm.norm);
  }
}

}  // namespace
}  // namespace gradvitals::test
