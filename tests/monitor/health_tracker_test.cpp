// Contract: monitor/trajectory/health_tracker.h, the policy: patience, clearing, one event an episode,
// causes, windows that NaN does not enter. Oracle: the policy of docs/rules.md, by hand.
#include "monitor/trajectory/health_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/monitor/training_steps.h"

namespace gradvitals::test {
namespace {

/// A check-up that finds its gradients vanishing (R2), or nothing.
HealthMetrics checkup_of(bool vanishes) {
  Network network;
  network.hidden_layers = 8;
  network.backward_gain = vanishes ? 0.05 : 0.9;
  network.forward_gain = 0.9;
  return network.metrics();
}

constexpr StepContext kCheckup{.is_checkup = true};

std::vector<HealthEventKind> kinds_of(const std::vector<HealthEvent>& events, RuleId rule) {
  std::vector<HealthEventKind> kinds;
  for (const HealthEvent& event : events) {
    if (event.episode.finding.rule == rule) kinds.push_back(event.kind);
  }
  return kinds;
}

TEST(HealthTracker, AHealthyRunHasNoEpisode) {
  MadeRun run;
  run.learn(400);
  EXPECT_TRUE(run.tracker().episodes().empty());
  EXPECT_EQ(run.tracker().verdict(), Verdict::kHealthy);
  EXPECT_EQ(run.tracker().severity(), kOk);
  EXPECT_EQ(run.tracker().steps(), 400);
}

TEST(HealthTracker, RaisesAFindingOfCheckupsAtTheThirdInARow) {
  MadeRun run;
  EXPECT_TRUE(run.add(checkup_of(true), kCheckup).empty());
  EXPECT_TRUE(run.add(checkup_of(true), kCheckup).empty());
  const std::vector<HealthEvent> events = run.add(checkup_of(true), kCheckup);
  ASSERT_EQ(kinds_of(events, RuleId::kBackwardFactor), std::vector{HealthEventKind::kBegan});
  const Episode* episode = run.episode(RuleId::kBackwardFactor);
  ASSERT_NE(episode, nullptr);
  EXPECT_EQ(episode->first_step, 0);
  EXPECT_EQ(episode->last_step, 2);
  EXPECT_EQ(episode->count, 3);
  EXPECT_TRUE(episode->is_open);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kVanishing);
}

TEST(HealthTracker, AnExplosionThatACheckUpDidNotFindIsNoMatterOfInitialWeights) {
  const auto advice_after = [](int healthy_checkups) {
    Network explodes;
    explodes.hidden_layers = 8;
    explodes.backward_gain = 4.0;
    MadeRun run;
    for (int i = 0; i < healthy_checkups; ++i) run.add(checkup_of(false), kCheckup);
    for (int i = 0; i < 3; ++i) run.add(explodes.metrics(), kCheckup);
    const Episode* const episode = run.episode(RuleId::kBackwardFactor);
    return episode == nullptr ? std::string("no episode") : episode->finding.advice.front();
  };
  EXPECT_TRUE(advice_after(0).starts_with("Initialise with smaller weights"));
  EXPECT_TRUE(advice_after(1).starts_with("Lower the learning rate")) << advice_after(1);
}

TEST(HealthTracker, AFindingThatPausesBeforeItIsRaisedStartsAnew) {
  MadeRun run;
  for (const bool vanishes : {true, true, false, true, true}) {
    EXPECT_TRUE(run.add(checkup_of(vanishes), kCheckup).empty());
  }
  EXPECT_FALSE(run.add(checkup_of(true), kCheckup).empty());
  EXPECT_EQ(run.episode(RuleId::kBackwardFactor)->first_step, 3);
}

TEST(HealthTracker, StepsBetweenCheckupsNeitherRaiseNorEndWhatCheckupsFind) {
  MadeRun run;
  for (int i = 0; i < 3; ++i) {
    run.add(checkup_of(true), kCheckup);
    run.learn(9);
  }
  ASSERT_NE(run.episode(RuleId::kBackwardFactor), nullptr);
  run.learn(50);
  EXPECT_TRUE(run.episode(RuleId::kBackwardFactor)->is_open);
}

TEST(HealthTracker, FiveCleanChecksEndAnEpisodeAndFourDoNot) {
  MadeRun run;
  for (int i = 0; i < 3; ++i) run.add(checkup_of(true), kCheckup);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(run.add(checkup_of(false), kCheckup).empty());
  EXPECT_TRUE(run.add(checkup_of(true), kCheckup).empty()) << "the episode goes on";
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(run.add(checkup_of(false), kCheckup).empty());
  const std::vector<HealthEvent> events = run.add(checkup_of(false), kCheckup);
  EXPECT_EQ(kinds_of(events, RuleId::kBackwardFactor), std::vector{HealthEventKind::kEnded});
  const Episode* episode = run.episode(RuleId::kBackwardFactor);
  EXPECT_FALSE(episode->is_open);
  EXPECT_EQ(episode->last_step, 7);
  EXPECT_EQ(episode->count, 4);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kHealthy);
  EXPECT_EQ(run.tracker().worst_severity(), kCritical);
}

TEST(HealthTracker, WhatComesBackSoonIsTheSameEpisode) {
  for (const int pause : {10, 60}) {
    MadeRun run;
    run.learn(100);
    run.add(MadeStep{.gradient = 5.0, .loss = 0.5});
    run.learn(pause);
    run.add(MadeStep{.gradient = 9.0, .loss = 0.5});
    const auto& all = run.tracker().episodes();
    ASSERT_EQ(all.size(), pause < 32 ? 1u : 2u);
    EXPECT_EQ(all.front().first_step, 100);
    EXPECT_EQ(all.front().count, pause < 32 ? 2 : 1);
    EXPECT_EQ(all.front().peak_step, pause < 32 ? 101 + pause : 100);
    EXPECT_TRUE(all.back().is_open);
    EXPECT_EQ(
        kinds_of(run.events(), RuleId::kNormChange),
        (std::vector{HealthEventKind::kBegan, HealthEventKind::kEnded, HealthEventKind::kBegan}));
  }
}

TEST(HealthTracker, WhatACheckupFindsBeganAfterTheOneBefore) {
  MadeRun run;
  run.add(checkup_of(false), kCheckup);
  run.learn(9);
  for (int i = 0; i < 3; ++i) run.add(checkup_of(true), kCheckup);
  EXPECT_EQ(run.episode(RuleId::kBackwardFactor)->first_step, 10);
  EXPECT_EQ(run.episode(RuleId::kBackwardFactor)->after_step, 0);
}

TEST(HealthTracker, AnEpisodeKeepsItsWorstStepAndSaysWhenItGrewWorse) {
  MadeRun run;
  Network network;
  network.hidden_layers = 4;
  network.forward_gain = 0.9;
  const auto add = [&](double gain) {
    network.backward_gain = gain;
    return run.add(network.metrics(), kCheckup);
  };
  for (int i = 0; i < 3; ++i) add(0.1);  // B = 1e-3, a warning
  const std::vector<HealthEvent> worse = add(0.005);
  EXPECT_EQ(kinds_of(worse, RuleId::kBackwardFactor), std::vector{HealthEventKind::kWorsened});
  add(0.1);
  const Episode* episode = run.episode(RuleId::kBackwardFactor);
  EXPECT_EQ(episode->finding.severity, kCritical);
  EXPECT_EQ(episode->peak_step, 3);
  EXPECT_EQ(episode->last_step, 4);
}

TEST(HealthTracker, NaNIsCriticalAtOnceAndNamesTheTensor) {
  MadeRun run;
  run.learn(5);
  const std::vector<HealthEvent> events = run.add(MadeStep{.odd_gradient = kInf});
  ASSERT_EQ(kinds_of(events, RuleId::kNonFinite), std::vector{HealthEventKind::kBegan});
  EXPECT_EQ(events.front().episode.finding.tensor, "dense_1/kernel");
  EXPECT_EQ(events.front().step, 5);
  EXPECT_EQ(run.tracker().severity(), kCritical);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kNonFinite);
  run.learn(5);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kHealthy);
}

/// A check-up in which the first gradient, or the one after it, does not exist.
HealthMetrics checkup_without(std::size_t place) {
  HealthMetrics metrics = Network{}.metrics();
  std::size_t gradients = 0;
  for (TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || gradients++ != place) continue;
    tensor.exists = false;
    tensor.stats = {};
  }
  return metrics;
}

TEST(HealthTracker, GradientsThatTakeTurnsAreNotMissing) {
  MadeRun run;
  for (std::size_t i = 0; i < 20; ++i) run.add(checkup_without(i % 2), kCheckup);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kHealthy);
  EXPECT_EQ(run.tracker().judge(checkup_without(0)).verdict, Verdict::kHealthy);
}

TEST(HealthTracker, AGradientThatNeverWasIsMissing) {
  MadeRun run;
  for (int i = 0; i < 20; ++i) run.add(checkup_without(0), kCheckup);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kNoGradient);
}

TEST(HealthTracker, AGradientThatIsGoneForLongIsMissing) {
  MadeRun run;
  run.add(Network{}.metrics(), kCheckup);
  for (int i = 0; i < 100; ++i) run.add(checkup_without(0), kCheckup);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kHealthy);
  for (int i = 0; i < 5; ++i) run.add(checkup_without(0), kCheckup);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kNoGradient);
}

/// A gradient that overflowed under this loss scale.
HealthMetrics overflow_under(double loss_scale) {
  HealthMetrics metrics = Network{}.metrics();
  metrics.loss_scale = loss_scale;
  const auto gradient = std::ranges::find(metrics.tensors, Role::kGradient, &TensorRecord::role);
  gradient->stats.inf_count = 2;
  gradient->stats.nan_count = 1;
  gradient->stats.first_nonfinite_index = 0;
  return metrics;
}

constexpr StepContext kSkipped{.is_skipped = true};

TEST(HealthTracker, AnOverflowThatALossScalerSkipsInforms) {
  MadeRun run;
  run.learn(20);
  const std::vector<HealthEvent> events = run.add(overflow_under(65536.0), kSkipped);
  ASSERT_EQ(kinds_of(events, RuleId::kNonFinite), std::vector{HealthEventKind::kBegan});
  EXPECT_EQ(run.episode(RuleId::kNonFinite)->finding.severity, kInfo);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kHealthy);
  EXPECT_EQ(run.tracker().judge(overflow_under(65536.0)).severity, kInfo);
}

TEST(HealthTracker, OverflowsThatHaveNoEndAreCritical) {
  MadeRun run;
  for (int i = 0; i < 16; ++i) run.add(overflow_under(65536.0), kSkipped);
  EXPECT_EQ(run.tracker().worst_severity(), kInfo);
  run.add(overflow_under(65536.0), kSkipped);
  EXPECT_EQ(run.tracker().severity(), kCritical);
  EXPECT_EQ(run.tracker().verdict(), Verdict::kNonFinite);
}

TEST(HealthTracker, NaNWithoutInfIsNoOverflow) {
  HealthMetrics metrics = overflow_under(65536.0);
  for (TensorRecord& tensor : metrics.tensors) tensor.stats.inf_count = 0;
  MadeRun run;
  run.add(metrics, kSkipped);
  EXPECT_EQ(run.tracker().severity(), kCritical);
}

TEST(HealthTracker, AnOverflowIsAFaultWhereItIsAppliedOrNotScaledOrInTheWeights) {
  for (const bool is_skipped : {false, true}) {
    MadeRun run;
    run.add(overflow_under(is_skipped ? 1.0 : 65536.0), {.is_skipped = is_skipped});
    EXPECT_EQ(run.tracker().severity(), kCritical);
  }
  MadeRun run;
  HealthMetrics lost = overflow_under(65536.0);
  TensorRecord weight = lost.tensors.front();
  weight.role = Role::kWeight;
  weight.stats.nan_count = 1;
  weight.stats.first_nonfinite_index = 0;
  lost.tensors.push_back(weight);
  run.add(lost, kSkipped);
  EXPECT_EQ(run.tracker().severity(), kCritical);
}

TEST(HealthTracker, NaNInTheWindowBlindsNoRule) {
  MadeRun run;
  run.learn(100);
  for (int i = 0; i < 20; ++i) {
    MadeStep broken;
    broken.gradient = kNaN;
    broken.loss = kNaN;
    run.add(broken);
  }
  run.learn(10);
  EXPECT_FALSE(run.add(MadeStep{.gradient = 5.0, .loss = 0.5}).empty());
  EXPECT_NE(run.episode(RuleId::kNormChange), nullptr);
}

TEST(HealthTracker, OnAStepWithNaNNoOtherRuleSpeaks) {
  MadeRun run;
  run.learn(100);
  const MadeStep broken{.gradient = 500.0, .loss = kNaN};
  for (int i = 0; i < 4; ++i) run.add(broken);
  ASSERT_EQ(run.tracker().episodes().size(), 1u);
  EXPECT_EQ(run.tracker().episodes().front().finding.rule, RuleId::kNonFinite);
}

TEST(HealthTracker, AConsequenceIsFoldedUnderItsCause) {
  MadeRun run;
  run.learn(100);
  // Steps too large, and then what they do to gradients and loss.
  for (int i = 0; i < 60; ++i) {
    run.add(MadeStep{.gradient = 0.1, .update = 0.5, .loss = 1.0});
  }
  for (int i = 0; i < 4; ++i) run.add(MadeStep{.gradient = 50.0, .update = 0.5, .loss = 40.0});
  const Episode* cause = run.episode(RuleId::kUpdateRatio);
  ASSERT_NE(cause, nullptr);
  EXPECT_FALSE(cause->finding.consequence_of);
  for (const RuleId rule : {RuleId::kNormChange, RuleId::kLossGrowth}) {
    const Episode* effect = run.episode(rule);
    ASSERT_NE(effect, nullptr) << rule_number(rule);
    EXPECT_EQ(effect->finding.consequence_of, RuleId::kUpdateRatio) << rule_number(rule);
  }
  EXPECT_EQ(run.tracker().verdict(), Verdict::kExploding);
}

TEST(HealthTracker, NaNThatAnExplosionEndsInIsItsConsequenceAndExplainsNothingBeforeIt) {
  MadeRun run;
  run.learn(100);
  for (int i = 0; i < 6; ++i) run.add(MadeStep{.gradient = 50.0, .loss = 40.0});
  for (int i = 0; i < 100; ++i) run.add(MadeStep{.gradient = kNaN, .loss = kNaN});
  const Episode* explosion = run.episode(RuleId::kNormChange);
  ASSERT_NE(explosion, nullptr);
  EXPECT_FALSE(explosion->finding.consequence_of);
  EXPECT_TRUE(explosion->is_open) << "a step with NaN clears nothing";
  ASSERT_NE(run.episode(RuleId::kNonFinite), nullptr);
  EXPECT_EQ(run.episode(RuleId::kNonFinite)->finding.consequence_of, RuleId::kNormChange);
  EXPECT_EQ(run.tracker().severity(), kCritical);
}

/// A run whose gradients jump once, and of which check-ups find one without any from then on. Whether a
/// check-up lies between both.
MadeRun jump_and_zero_gradient(bool is_checked_between) {
  const MadeStep healthy{.loss = 0.6};
  const MadeStep silent{.loss = 0.6, .odd_gradient = 0.0};
  MadeRun run;
  run.learn(100);
  run.add(healthy, kCheckup);
  run.add(MadeStep{.gradient = 50.0, .loss = 0.6});
  if (is_checked_between) run.add(healthy, kCheckup);
  run.learn(8);
  for (int i = 0; i < 3; ++i) run.add(silent, kCheckup);
  return run;
}

TEST(HealthTracker, ACauseThatCheckupsFindLateExplainsEffectsThatAreOver) {
  const MadeRun run = jump_and_zero_gradient(/*is_checked_between=*/false);
  const Episode* jump = run.episode(RuleId::kNormChange, Verdict::kUnstable);
  ASSERT_NE(jump, nullptr);
  EXPECT_FALSE(jump->is_open);
  EXPECT_EQ(jump->finding.consequence_of, RuleId::kZeroGradient);
  EXPECT_FALSE(run.episode(RuleId::kZeroGradient)->finding.consequence_of);
}

TEST(HealthTracker, WhatACheckupFindsBrokenAfterAJumpIsItsConsequence) {
  const MadeRun run = jump_and_zero_gradient(/*is_checked_between=*/true);
  const Episode* jump = run.episode(RuleId::kNormChange, Verdict::kUnstable);
  ASSERT_NE(jump, nullptr);
  EXPECT_FALSE(jump->finding.consequence_of);
  ASSERT_NE(run.episode(RuleId::kZeroGradient), nullptr);
  EXPECT_EQ(run.episode(RuleId::kZeroGradient)->finding.consequence_of, RuleId::kNormChange);
}

TEST(HealthTracker, NaNThatComesOutOfNothingIsTheCause) {
  MadeRun run;
  run.learn(100);
  run.add(MadeStep{.gradient = kNaN});
  run.add(MadeStep{.gradient = 50.0, .loss = 40.0});
  EXPECT_FALSE(run.episode(RuleId::kNonFinite)->finding.consequence_of);
  EXPECT_EQ(run.episode(RuleId::kNormChange)->finding.consequence_of, RuleId::kNonFinite);
}

TEST(HealthTracker, NaNThatOnlyCheckupsSeeIsOneEpisode) {
  MadeRun run;
  Network network;
  for (int i = 0; i < 4; ++i) {
    HealthMetrics metrics = network.metrics();
    for (TensorRecord& tensor : metrics.tensors) {
      if (tensor.role == Role::kOutput) tensor.stats.inf_count = 1;
    }
    run.add(metrics, kCheckup);
    for (int step = 0; step < 9; ++step) run.add(MadeStep{});
  }
  ASSERT_NE(run.episode(RuleId::kNonFinite), nullptr);
  EXPECT_EQ(run.episode(RuleId::kNonFinite)->count, 4);
}

TEST(HealthTracker, SmallGradientsOfANetworkThatHasLearntInform) {
  Network tiny;
  tiny.gradient = 1e-8;
  tiny.backward_gain = 0.9;
  tiny.forward_gain = 0.9;
  for (const bool has_converged : {false, true}) {
    MadeRun run;
    run.learn(80);  // From 1.
    tiny.loss = has_converged ? 0.05 : 0.9;
    for (int i = 0; i < 4; ++i) run.add(tiny.metrics(), kCheckup);
    const Episode* episode = run.episode(RuleId::kVanishedGradients);
    ASSERT_NE(episode, nullptr);
    EXPECT_EQ(episode->finding.severity, has_converged ? kInfo : kCritical);
  }
}

TEST(HealthTracker, VitalSignsOverTimeComeFromTheWindow) {
  MadeRun run;
  run.learn(63);
  EXPECT_FALSE(run.tracker().vital_signs().heart_rate.spikes) << "one short of the window's least";
  run.learn(20);
  const VitalSigns& signs = run.tracker().vital_signs();
  EXPECT_EQ(signs.heart_rate.spikes, 0);
  EXPECT_EQ(signs.heart_rate.status, VitalStatus::kNormal);
  EXPECT_EQ(signs.temperature.update_to_weight_ratio, 1e-3);
  EXPECT_EQ(signs.temperature.status, VitalStatus::kNormal);
  run.add(MadeStep{.gradient = 5.0, .loss = 0.5});
  EXPECT_EQ(run.tracker().vital_signs().heart_rate.spikes, 1);
  EXPECT_EQ(run.tracker().vital_signs().heart_rate.status, VitalStatus::kHigh);
  run.learn(128);
  EXPECT_EQ(run.tracker().vital_signs().heart_rate.spikes, 0);
}

TEST(HealthTracker, ForgetsEpisodesThatEndedAndWereLeastBeyondItsLimit) {
  MadeRun run;
  run.learn(70);
  run.add(MadeStep{.gradient = kNaN});  // The worst there is.
  for (int i = 0; i < 300; ++i) {
    run.learn(40);
    run.add(MadeStep{.gradient = 5.0, .loss = 0.5});
  }
  EXPECT_EQ(run.tracker().episodes().size(), HealthTracker::kMostEpisodes);
  EXPECT_GT(run.tracker().forgotten_episodes(), 0);
  EXPECT_NE(run.episode(RuleId::kNonFinite), nullptr);
}

TEST(HealthTracker, JudgesRunsThatSayNothingButNorms) {
  HealthTracker tracker;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(tracker.add(metrics_from_norms({rippled(0.1, 0.05, i), 0.2})).empty());
  }
  EXPECT_FALSE(tracker.add(metrics_from_norms({50.0, 0.2})).empty());
}

TEST(HealthTracker, TheSameStepsGiveTheSameEvents) {
  const auto run = [] {
    MadeRun made;
    made.learn(90);
    made.add(MadeStep{.gradient = 3.0, .loss = 0.5});
    made.rest(100, {.update = 0.3, .loss = 0.6});
    return made.events();
  };
  const auto first = run(), second = run();
  ASSERT_EQ(first.size(), second.size());
  ASSERT_FALSE(first.empty());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].step, second[i].step);
    EXPECT_EQ(first[i].episode.finding.text, second[i].episode.finding.text);
  }
}

TEST(HealthTracker, MayBeMoved) {
  MadeRun run;
  run.learn(80);
  HealthTracker moved = std::move(run.tracker());
  EXPECT_FALSE(moved.add(MadeStep{.gradient = 9.0, .loss = 0.5}.metrics(80)).empty());
}

}  // namespace
}  // namespace gradvitals::test
