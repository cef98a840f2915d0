// Contract: R5, R12 and R18 of monitor/trajectory/trajectory_rule.h: each just beyond its limit, at it,
// one ulp beside it, and silent on a healthy run. Oracle: the formulas of docs/rules.md, by hand.
#include <gtest/gtest.h>

#include "tests/monitor/rule_scene.h"

namespace gradvitals::test {
namespace {

TEST(UpdateRatio, FiresBeyondItsLimits) {
  Scene scene = steady(40);  // The loss is no lower than it was at first.
  const auto found_at = [&](double update) {
    return scene.ask(check_update_ratio, MadeStep{.kernels = 1, .update = update});
  };
  EXPECT_TRUE(found_at(0.1).empty()) << "at the limit";
  ASSERT_EQ(found_at(0.1 * (1 + 1e-12)).size(), 1u);
  EXPECT_EQ(found_at(0.2).at(0).verdict, Verdict::kExploding);
  EXPECT_TRUE(found_at(1e-5 * (1 + 1e-12)).empty());
  ASSERT_EQ(found_at(1e-5 * (1 - 1e-12)).size(), 1u);
  EXPECT_EQ(found_at(1e-6).at(0).verdict, Verdict::kStalled);
  EXPECT_EQ(found_at(1e-6).at(0).tensor, "dense_0/kernel");
}

TEST(UpdateRatio, ALargeOneCountsWhereTheLossRisesAndNotWhereItRestsLower) {
  Scene scene = steady(20);
  for (int i = 0; i < 120; ++i) scene.remember({.kernels = 1, .loss = 0.5});
  const auto found_at = [&](double loss) {
    for (int i = 0; i < 4; ++i) scene.remember({.kernels = 1, .update = 0.5, .loss = loss});
    return scene.ask(check_update_ratio, MadeStep{.kernels = 1, .update = 0.5, .loss = loss})
        .size();
  };
  EXPECT_EQ(found_at(0.5), 0u);
  EXPECT_EQ(found_at(0.539), 0u) << "two deviations of 2 %, not quite";
  EXPECT_EQ(found_at(0.6), 1u);
}

TEST(UpdateRatio, BesideWeightsThatWereLostAMomentAgoNoStepIsLarge) {
  Scene scene = steady(40);
  EXPECT_TRUE(scene.ask(check_update_ratio, MadeStep{.kernels = 1, .weight = 1e-3, .update = 1e-3})
                  .empty());
  Scene small;
  for (int i = 0; i < 40; ++i) small.remember({.kernels = 1, .weight = 1e-3});
  EXPECT_EQ(
      small.ask(check_update_ratio, MadeStep{.kernels = 1, .weight = 1e-3, .update = 1e-3}).size(),
      1u);
}

TEST(UpdateRatio, IsSilentWhereTheLossFallsOrIsNotKnown) {
  Scene learning;
  for (int i = 0; i < 40; ++i) learning.remember({.kernels = 1, .loss = std::exp(-0.01 * i)});
  const MadeStep next{.kernels = 1, .update = 0.5, .loss = std::exp(-0.4)};
  EXPECT_TRUE(learning.ask(check_update_ratio, next).empty());
  Scene unknown;
  for (int i = 0; i < 40; ++i) unknown.remember({.kernels = 1, .loss = {}});
  EXPECT_TRUE(
      unknown.ask(check_update_ratio, MadeStep{.kernels = 1, .update = 0.5, .loss = {}}).empty());
}

/// Began and ended again and again where the loss fell by the limit, now a little more, now less.
TEST(UpdateRatio, OfALossThatStandsStillNoiseAtTheLimitIsNoFall) {
  const MadeStep slow{.kernels = 1, .update = 1e-6, .loss = 1.0};
  const auto found_at = [&slow](std::vector<double> falls) {
    std::vector<std::size_t> found;
    Scene scene;
    double level = 1.0;
    // Each fall stands between the halves of a window.
    for (const double fall : falls) {
      for (int i = 0; i < 64; ++i) scene.remember({.kernels = 1, .loss = level});
      level *= 1.0 - fall;
      for (int i = 0; i < 64; ++i) scene.remember({.kernels = 1, .loss = level});
      found.push_back(scene.ask(check_update_ratio, slow).size());
    }
    return found;
  };
  EXPECT_EQ(found_at({0.015}), std::vector<std::size_t>{1}) << "it stood still before";
  EXPECT_EQ(found_at({0.0, 0.011, 0.009, 0.015}), (std::vector<std::size_t>{1, 1, 1, 1}));
  EXPECT_EQ(found_at({0.0, 0.021, 0.015}), (std::vector<std::size_t>{1, 0, 1}));
}

TEST(UpdateRatio, IsSilentWhileWarmingUpAndInSkippedSteps) {
  Thresholds limits;
  limits.warmup_steps = 40;
  Scene scene(limits);
  for (int i = 0; i < 39; ++i) scene.remember(unit_step());
  const MadeStep fast{.kernels = 1, .update = 0.5};
  EXPECT_TRUE(scene.ask(check_update_ratio, fast).empty());
  scene.remember(unit_step());
  EXPECT_EQ(scene.ask(check_update_ratio, fast).size(), 1u);
  EXPECT_TRUE(scene.ask(check_update_ratio, fast, {.is_skipped = true}).empty());
}

TEST(UpdateRules, AreSilentInTheStepAfterASkippedOneWhoseUpdateTheySee) {
  Scene scene = steady(40);
  scene.remember(unit_step(), {.is_skipped = true});
  const MadeStep unmoved{.kernels = 1, .update = 0.0};
  EXPECT_TRUE(scene.ask(check_update_ratio, unmoved).empty());
  EXPECT_TRUE(scene.ask(check_unchanged_weights, unmoved).empty());
  scene.remember(unit_step());
  EXPECT_EQ(scene.ask(check_update_ratio, unmoved).size(), 1u);
  EXPECT_EQ(scene.ask(check_unchanged_weights, unmoved).size(), 1u);
}

TEST(UpdateRatio, ASmallOneIsTheGradientsWhereThatIsSmall) {
  Scene scene = steady(40);
  const MadeStep weak{.kernels = 1, .gradient = 1e-3, .update = 1e-6};
  EXPECT_TRUE(scene.ask(check_update_ratio, weak).empty()) << "at what moves a weight";
  EXPECT_EQ(
      scene.ask(check_update_ratio, MadeStep{.kernels = 1, .gradient = above(1e-3), .update = 1e-6})
          .size(),
      1u);
}

TEST(UnchangedWeights, FiresBelowItsLimit) {
  Scene scene;
  const auto found_at = [&](double update, const StepContext& context = {}) {
    return scene.ask(check_unchanged_weights, MadeStep{.kernels = 2, .odd_update = update},
                     context);
  };
  EXPECT_TRUE(found_at(1e-7 * (1 + 1e-12)).empty());
  ASSERT_EQ(found_at(1e-7 * (1 - 1e-12)).size(), 1u);
  EXPECT_EQ(found_at(0.0).at(0).tensor, "dense_1/kernel");
  EXPECT_EQ(found_at(0.0).at(0).verdict, Verdict::kStalled);
  EXPECT_TRUE(found_at(0.0, {.is_skipped = true}).empty());
}

TEST(UnchangedWeights, WithoutGradientIsAnotherRules) {
  Scene scene;
  EXPECT_TRUE(
      scene.ask(check_unchanged_weights, MadeStep{.odd_gradient = 0.0, .odd_update = 0.0}).empty());
}

TEST(UnchangedWeights, ARateThatAScheduleTookDownIsNoFaultAndOneThatFellIs) {
  for (const bool falls : {false, true}) {
    Scene scene;
    double rate = 0.1;
    for (int i = 0; i < 100; ++i) {
      scene.remember(unit_step(), {.learning_rate = rate});
      if (!falls) rate *= 0.9;
    }
    const StepContext now{.learning_rate = falls ? 1e-6 : rate};
    scene.remember(unit_step(), now);
    const MadeStep made{.kernels = 1, .update = 0.0};
    EXPECT_EQ(scene.ask(check_unchanged_weights, made, now).size(), falls ? 1u : 0u);
  }
}

TEST(WeakGradients, FiresWhereMoreThanHalfAreWeak) {
  Scene scene = steady(40);
  MadeStep made{.kernels = 2, .gradient = below(1e-4), .odd_gradient = 0.1};
  EXPECT_TRUE(scene.ask(check_weak_gradients, made).empty()) << "half, at the limit";
  made.kernels = 3;
  ASSERT_EQ(scene.ask(check_weak_gradients, made).size(), 1u);
  EXPECT_EQ(scene.ask(check_weak_gradients, made).at(0).verdict, Verdict::kVanishing);
  made.gradient = 1e-4;
  EXPECT_TRUE(scene.ask(check_weak_gradients, made).empty()) << "at the norm's limit";
}

TEST(WeakGradients, ExactZerosAreNotWeak) {
  Scene scene = steady(40);
  EXPECT_TRUE(scene.ask(check_weak_gradients, MadeStep{.kernels = 3, .gradient = 0.0}).empty());
}

TEST(WeakGradients, AreExcusedWhereTheLossHasFallen) {
  Scene scene = steady(40);
  for (int i = 0; i < 128; ++i) scene.remember({.kernels = 1, .loss = 0.05});
  EXPECT_TRUE(
      scene.ask(check_weak_gradients, MadeStep{.kernels = 3, .gradient = 1e-6, .loss = 0.05})
          .empty());
}

}  // namespace
}  // namespace gradvitals::test
