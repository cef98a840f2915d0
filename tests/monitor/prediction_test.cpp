// Contract: a first verdict is held against what was learnt, and against nothing else. Oracle: shares
// of the best network's, chosen by hand on both sides of each limit.
#include "monitor/trajectory/prediction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace gradvitals::test {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

using Outcomes = std::vector<PredictionOutcome>;
constexpr auto kHeld = PredictionOutcome::kHeld;
constexpr auto kFailed = PredictionOutcome::kFailed;
constexpr auto kOpen = PredictionOutcome::kOpen;

Outcomes outcomes_of(std::vector<TrainedOutcome> networks) {
  return judge_predictions(networks);
}

TEST(Prediction, HoldsWhereTheSickDoNotLearnAndTheHealthyDo) {
  EXPECT_EQ(outcomes_of({{Verdict::kVanishing, 0.08, 0.01},
                         {Verdict::kHealthy, 0.003, 0.96},
                         {Verdict::kExploding, 0.3, -2.7}}),
            (Outcomes{kHeld, kHeld, kHeld}));
}

TEST(Prediction, FailsWhereTheSickLearnAndTheHealthyDoNot) {
  EXPECT_EQ(outcomes_of({{Verdict::kVanishing, 0.001, 0.99}, {Verdict::kHealthy, 0.07, 0.2}}),
            (Outcomes{kFailed, kFailed}));
}

TEST(Prediction, HalfOfWhatTheBestLearntIsTraining) {
  const double half = 0.4;
  const double less = std::nextafter(half, 0.0);
  EXPECT_EQ(outcomes_of({{Verdict::kHealthy, 0.0, 0.8},
                         {Verdict::kDead, 0.0, half},
                         {Verdict::kDead, 0.0, less},
                         {Verdict::kHealthy, 0.0, half},
                         {Verdict::kHealthy, 0.0, less}}),
            (Outcomes{kHeld, kFailed, kHeld, kHeld, kFailed}));
}

TEST(Prediction, IsOpenWhereTheBestHardlyLearnt) {
  const double less = std::nextafter(kLeastLearnt, 0.0);
  EXPECT_EQ(outcomes_of({{Verdict::kHealthy, 0.08, less}, {Verdict::kVanishing, 0.08, 0.0}}),
            (Outcomes{kOpen, kOpen}));
  EXPECT_EQ(
      outcomes_of({{Verdict::kHealthy, 0.08, kLeastLearnt}, {Verdict::kVanishing, 0.08, 0.0}}),
      (Outcomes{kHeld, kHeld}));
}

TEST(Prediction, IsOpenWhereThereIsNoScore) {
  EXPECT_EQ(
      outcomes_of({{Verdict::kHealthy, 0.0, kNoNumber}, {Verdict::kVanishing, 0.1, kNoNumber}}),
      (Outcomes{kOpen, kOpen}));
}

TEST(Prediction, ALossThatIsNotFiniteIsNoTrainingWhateverOthersLearnt) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(outcomes_of({{Verdict::kExploding, kNoNumber, kNoNumber},
                         {Verdict::kHealthy, infinite, kNoNumber},
                         {Verdict::kHealthy, 0.08, 0.01}}),
            (Outcomes{kHeld, kFailed, kOpen}));
}

TEST(Prediction, IsNothingForNoNetwork) {
  EXPECT_TRUE(outcomes_of({}).empty());
}

TEST(Prediction, AConstantIsTheLeastThatCanBeLearnt) {
  EXPECT_EQ(learnt_share(-3.0), 0.0);
  EXPECT_EQ(learnt_share(kNoNumber), 0.0);
  EXPECT_EQ(learnt_share(0.25), 0.25);
  EXPECT_EQ(learnt_share(1.0), 1.0);
}

TEST(Prediction, ContrastsAWayThatVanishingHeldUpWithOneThatGotPast) {
  const std::vector<Verdict> verdicts = {Verdict::kHealthy, Verdict::kVanishing};
  const auto places = [&](std::vector<TrainedWay> ways) -> std::vector<std::size_t> {
    const std::optional<VanishingContrast> found = contrast_of(verdicts, ways);
    if (!found) return {};
    return {found->held_up, found->got_past};
  };
  const TrainedWay slow{.divides_by_size = false, .outcomes = {kHeld, kHeld}};
  const TrainedWay slow_and_past{.divides_by_size = false, .outcomes = {kHeld, kFailed}};
  const TrainedWay dividing{.divides_by_size = true, .outcomes = {kHeld, kFailed}};
  const TrainedWay dividing_and_held{.divides_by_size = true, .outcomes = {kFailed, kHeld}};
  EXPECT_EQ(places({slow, dividing}), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(places({dividing, slow}), (std::vector<std::size_t>{1, 0}));
  EXPECT_TRUE(places({slow}).empty());
  EXPECT_TRUE(places({dividing}).empty());
  EXPECT_TRUE(places({slow_and_past, dividing}).empty());
  EXPECT_TRUE(places({slow, dividing_and_held}).empty());
}

TEST(Prediction, FewerStepsThanPatienceTellNothingUnlessSomethingWasFound) {
  const Thresholds limits;
  EXPECT_TRUE(is_too_short(limits.patience - 1, Verdict::kHealthy, limits));
  EXPECT_FALSE(is_too_short(limits.patience, Verdict::kHealthy, limits));
  EXPECT_FALSE(is_too_short(limits.patience - 1, Verdict::kNonFinite, limits));
}

}  // namespace
}  // namespace gradvitals::test
