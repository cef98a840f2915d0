// Contract: every sentence on trained networks is computed from how they trained. Oracle: trainings
// written by hand, and the sentences that they call for.
#include "monitor/report/trained_comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "monitor/report/json.h"
#include "monitor/report/json_writer.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

NetworkReport first_visit(std::string name, Verdict verdict) {
  NetworkReport report = judged(name + " Network", name, named_metrics({0.1, 0.1}));
  report.diagnosis.verdict = verdict;
  return report;
}

Episode told_episode(Verdict verdict, RuleId rule, std::int64_t first, std::int64_t last,
                     bool is_open) {
  Episode made;
  made.finding.rule = rule;
  made.finding.severity = Severity::kWarning;
  made.finding.verdict = verdict;
  made.first_step = first;
  made.last_step = last;
  made.is_open = is_open;
  return made;
}

TrainedNetwork trained_network(double before, double after, double score,
                               PredictionOutcome prediction) {
  TrainedNetwork network;
  network.run.steps = 500;
  network.loss_before = before;
  network.loss_after = after;
  network.score_after = score;
  network.losses = {before, after};
  network.prediction = prediction;
  return network;
}

std::vector<NetworkReport> two_visits() {
  return {first_visit("Deep", Verdict::kVanishing), first_visit("Good", Verdict::kHealthy)};
}

TrainedComparison deep_and_good(std::string optimizer, TrainedNetwork deep, TrainedNetwork good) {
  return {.optimizer = std::move(optimizer),
          .learning_rate = 0.1,
          .batch = 10,
          .steps = 500,
          .networks = {std::move(deep), std::move(good)},
          .got_past = {}};
}

TrainedComparison slow_sgd() {
  return deep_and_good("sgd", trained_network(0.08, 0.079, 0.01, PredictionOutcome::kHeld),
                       trained_network(0.08, 0.004, 0.95, PredictionOutcome::kHeld));
}

std::string trainings_text(const std::vector<TrainedComparison>& trainings) {
  return trained_comparison_text(two_visits(), trainings, {});
}

TEST(TrainedComparison, TellsLossHealthAndWhetherTheVerdictHeld) {
  TrainedComparison training = slow_sgd();
  training.networks[0].run.episodes = {
      told_episode(Verdict::kVanishing, RuleId::kBackwardFactor, 0, 490, true)};
  training.networks[0].run.verdict = Verdict::kVanishing;
  const std::string text = trainings_text({training});
  EXPECT_TRUE(contains(text,
                       "Deep Network: the loss fell by 1.2 %, from 0.08 to 0.079; vanishing (R2) "
                       "from step 0 to the end. Predicted vanishing: held, it learnt 1.0 %, Good "
                       "95.0 %.\n"))
      << text;
  EXPECT_TRUE(contains(text,
                       "Good Network: the loss fell by 95.0 %, from 0.08 to 0.004; healthy "
                       "throughout. Predicted healthy: held, it learnt most, 95.0 %.\n"))
      << text;
  EXPECT_TRUE(contains(text, "verdict held in 2 of 2 trainings.\n")) << text;
}

TEST(TrainedComparison, CausesAreToldBeforeWhatFollowsFromThem) {
  TrainedComparison training = slow_sgd();
  std::vector<Episode>& episodes = training.networks[0].run.episodes;
  for (const std::int64_t first : {10, 30, 50, 70}) {
    episodes.push_back(told_episode(Verdict::kUnstable, RuleId::kNormChange, first,
                                    first == 30 ? 30 : first + 5, false));
  }
  episodes.push_back(told_episode(Verdict::kStalled, RuleId::kLossNotDecreasing, 80, 90, false));
  episodes.back().finding.consequence_of = RuleId::kNormChange;
  EXPECT_TRUE(contains(trainings_text({training}),
                       "; unstable (R14) from step 10 to 15, unstable (R14) at step 30, unstable "
                       "(R14) from step 50 to 55, and 1 more with 1 consequence, healthy at the "
                       "end. Predicted"))
      << trainings_text({training});
}

TEST(TrainedComparison, TellsOfLossesThatRiseStayOrAreNoNumbers) {
  const auto story = [](double before, double after) {
    return trainings_text(
        {deep_and_good("sgd", trained_network(before, after, 0.0, PredictionOutcome::kHeld),
                       trained_network(0.08, 0.004, 0.95, PredictionOutcome::kHeld))});
  };
  EXPECT_TRUE(contains(story(0.08, 0.09), "Deep Network: the loss rose from 0.08 to 0.09; "));
  EXPECT_TRUE(contains(story(0.08, 0.08), "Deep Network: the loss stayed at 0.08; "));
  EXPECT_TRUE(contains(story(0.08, 1e-6), "Deep Network: the loss fell by over 99.9 %, from "));
  const std::string lost = story(0.08, kNoValue);
  EXPECT_TRUE(contains(lost, "Deep Network: the loss went from 0.08 to nan; "));
  EXPECT_TRUE(contains(lost, "Predicted vanishing: held, its loss is not finite.\n"));
}

TEST(TrainedComparison, SaysWhyOneOptimizerGotPastVanishingGradients) {
  TrainedComparison adam =
      deep_and_good("adam", trained_network(0.08, 0.001, 0.98, PredictionOutcome::kFailed),
                    trained_network(0.08, 0.0001, 0.99, PredictionOutcome::kHeld));
  const std::string untold = trainings_text({slow_sgd(), adam});
  EXPECT_TRUE(contains(untold, "held in 3 of 4 trainings; it did not for Deep with adam.\n"))
      << untold;
  EXPECT_FALSE(contains(untold, "hold up"));
  adam.got_past = "sgd";
  const std::string both = trainings_text({slow_sgd(), adam});
  EXPECT_TRUE(contains(both, "Vanishing gradients hold up sgd, whose steps")) << both;
  EXPECT_TRUE(contains(both, "; adam divides each step by the size")) << both;
}

TEST(TrainedComparison, SaysWhichTrainingsDoNotTell) {
  TrainedComparison training = slow_sgd();
  training.networks[0].prediction = PredictionOutcome::kOpen;
  EXPECT_TRUE(contains(trainings_text({training}),
                       "held in 1 of 2 trainings; it cannot be told for Deep with sgd.\n"));
  training.networks[1].prediction = PredictionOutcome::kOpen;
  EXPECT_TRUE(contains(trainings_text({training}), "🎯 No training tells whether"));
}

TEST(TrainedComparison, NamesFromElsewhereAreMadePrintable) {
  std::vector<NetworkReport> visits = two_visits();
  visits[0].name = visits[0].short_name = "a\nb";
  const std::string text = trained_comparison_text(visits, std::vector{slow_sgd()}, {});
  EXPECT_TRUE(contains(text, "a\\nb: the loss")) << text;
}

TEST(TrainedComparison, JsonHasOneObjectATrainingInTheNetwork) {
  TrainedComparison training = slow_sgd();
  training.networks[0].losses = {0.5, kNoValue};
  const std::vector<NetworkReport> visits = two_visits();
  const Json document = Json::parse(comparison_json(visits, std::vector{training, slow_sgd()}));
  const Json& first = document["networks"][0]["training"];
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0]["losses"], (Json{0.5, nullptr}));
  EXPECT_EQ(
      first[0]["prediction"],
      (Json{
          {"verdict", "vanishing"}, {"outcome", "held"}, {"learnt", 0.01}, {"best_learnt", 0.95}}));
  EXPECT_EQ(document["networks"][1]["training"][1]["prediction"]["learnt"], 0.95);
  EXPECT_FALSE(Json::parse(comparison_json(visits))["networks"][0].contains("training"));
}

TEST(TrainedComparison, TellsTheStorySoFarWhereItWasInterrupted) {
  TrainedComparison training = slow_sgd();
  training.interruption = "SIGINT";
  training.networks.pop_back();
  training.networks[0].prediction = PredictionOutcome::kOpen;
  training.networks[0].run.steps = 123;
  const std::string text = trainings_text({training});
  EXPECT_TRUE(contains(text, "Predicted vanishing: cannot be told, the trainings were interrupted"))
      << text;
  EXPECT_TRUE(contains(text, "ℹ️ INFO: Ended by SIGINT at step 123 of 500, 1 of 2 networks.\n"))
      << text;
  EXPECT_FALSE(contains(text, "Good Network: the loss"));
  const std::vector<NetworkReport> visits = two_visits();
  const Json document = Json::parse(comparison_json(visits, std::vector{training}));
  EXPECT_EQ(document["networks"][0]["training"][0]["interruption"], "SIGINT");
  EXPECT_TRUE(document["networks"][1]["training"].empty());
}

TEST(TrainedComparison, LosesColumnsWhereTheTerminalIsNarrow) {
  const std::vector<NetworkReport> visits = two_visits();
  const std::vector trainings = {slow_sgd()};
  const std::string wide = trained_comparison_text(visits, trainings, {});
  EXPECT_TRUE(contains(wide, "First Visit  First Loss  Last Loss"));
  const std::string narrow = trained_comparison_text(visits, trainings, {.width = 60});
  EXPECT_FALSE(contains(narrow, "First Loss"));
  EXPECT_TRUE(contains(narrow, "Last Loss  Learnt"));
  EXPECT_TRUE(contains(narrow, "Prediction"));
}

}  // namespace
}  // namespace gradvitals::test
