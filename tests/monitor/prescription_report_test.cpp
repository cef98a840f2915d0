// Contract: monitor/report/prescription.h. Oracle: the texts below, and the numbers of a report that no
//           training made.
#include "monitor/report/prescription.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr double kNoLoss = std::numeric_limits<double>::quiet_NaN();

Trial helpful_trial() {
  return {.remedies = {"relu with He values", "warm-up"},
          .network = "2-8-relu-1",
          .loss = "mse",
          .learning_rate = "0.001, warm-up 20 steps",
          .max_norm = 1.0,
          .changes = {"He initial values in dense layer 1, biases 0", "gradients clipped"},
          .command = "gradvitals train --model 2-8-relu-1",
          .before = {.loss = 0.5,
                     .score = 0.0,
                     .backward_factor = 0.9,
                     .gradient_spread = 0.25,
                     .verdict = Verdict::kHealthy},
          .after = {.loss = 0.01,
                    .score = 0.875,
                    .backward_factor = 1.5,
                    .gradient_spread = 0.25,
                    .verdict = Verdict::kHealthy},
          .trains = true};
}

Trial untreated_trial() {
  return {.network = "2-8-sigmoid-1",
          .loss = "mse",
          .learning_rate = "0.001",
          .before = {.loss = 0.25,
                     .score = kNoLoss,
                     .verdict = Verdict::kVanishing,
                     .severity = Severity::kWarning},
          .after = {.loss = kNoLoss,
                    .score = kNoLoss,
                    .verdict = Verdict::kNonFinite,
                    .severity = Severity::kCritical}};
}

PrescriptionReport report_that(PrescriptionOutcome outcome) {
  return {.name = "a\nmodel on data",
          .device = "cpu",
          .settings = {{"seed", "42"}},
          .steps = 200,
          .loss = "mse",
          .score_name = "accuracy",
          .judged_samples = 20,
          .is_held_out = true,
          .constant_loss = 0.25,
          .trains_below = 0.225,
          .trials = {helpful_trial(), untreated_trial()},
          .outcome = outcome};
}

TEST(PrescriptionText, SaysInOneSentenceWhatHelps) {
  const std::string text = prescription_text(report_that(PrescriptionOutcome::kHelps), {});
  EXPECT_TRUE(contains(text,
                       "Best: relu with He values + warm-up: loss 0.5 -> 0.01 where as it is "
                       "0.25 -> not finite\n"))
      << text;
  EXPECT_TRUE(contains(text,
                       "   network 2-8-relu-1, loss mse, learning rate 0.001, warm-up 20 steps\n"
                       "   He initial values in dense layer 1, biases 0\n"
                       "   gradients clipped\n"
                       "   all else as it was: seed 42, 200 steps\n"
                       "   gradvitals train --model 2-8-relu-1\n"))
      << text;
}

TEST(PrescriptionText, HasARowForEachTrialInTheirOrder) {
  const std::string text = prescription_text(report_that(PrescriptionOutcome::kHelps), {});
  const std::size_t helpful = text.find("relu with He values + warm-up  0.5 -> 0.01");
  const std::size_t untreated = text.find("as it is                       0.25 -> not finite");
  ASSERT_NE(helpful, std::string::npos) << text;
  ASSERT_NE(untreated, std::string::npos) << text;
  EXPECT_LT(helpful, untreated);
  EXPECT_TRUE(contains(text, "87.5 %    0.9 -> 1.5  0.25  healthy                  yes\n")) << text;
  EXPECT_TRUE(contains(text, "n/a       n/a         n/a   vanishing -> non_finite  no\n")) << text;
  EXPECT_TRUE(contains(text, "200 steps each; loss: mse of 20 samples held out\n")) << text;
  EXPECT_TRUE(
      contains(text, "at a loss of 0.225 or less; the best constant prediction has 0.25\n"));
}

TEST(PrescriptionText, SaysThatNothingHelps) {
  EXPECT_TRUE(contains(prescription_text(report_that(PrescriptionOutcome::kNothingTrains), {}),
                       "WARNING: Nothing that was tried trains in 200 steps. Best: "));
  EXPECT_TRUE(contains(prescription_text(report_that(PrescriptionOutcome::kNothingBetter), {}),
                       "INFO: Nothing that was tried is clearly better than the network as it is"));
}

TEST(PrescriptionText, WarnsOfARemedyThatIsJudgedSickItself) {
  PrescriptionReport report = report_that(PrescriptionOutcome::kHelps);
  report.trials[0].after.verdict = Verdict::kSaturated;
  report.trials[0].after.severity = Severity::kWarning;
  EXPECT_TRUE(contains(prescription_text(report, {}), "it is judged saturated (warning)"));
}

TEST(PrescriptionText, IsAsciiWhereAskedAndPrintableAlways) {
  const std::string text =
      prescription_text(report_that(PrescriptionOutcome::kHelps), {.ascii = true});
  for (const char letter : text) EXPECT_GE(letter, 0) << text;
  EXPECT_TRUE(contains(text, "a\\nmodel on data")) << text;
}

TEST(PrescriptionJson, HoldsWhatTheTextHas) {
  const auto json =
      nlohmann::json::parse(prescription_json(report_that(PrescriptionOutcome::kHelps)));
  EXPECT_EQ(json.at("schema"), "gradvitals.prescription/1");
  EXPECT_EQ(json.at("name"), "a\nmodel on data");
  EXPECT_EQ(json.at("settings").at("seed"), "42");
  EXPECT_EQ(json.at("steps"), 200);
  EXPECT_EQ(json.at("held_out"), true);
  EXPECT_EQ(json.at("trains_below"), 0.225);
  EXPECT_EQ(json.at("outcome"), "helps");
  ASSERT_EQ(json.at("trials").size(), 2U);
  const auto& helpful = json.at("trials").at(0);
  EXPECT_EQ(helpful.at("remedies"), (std::vector<std::string>{"relu with He values", "warm-up"}));
  EXPECT_EQ(helpful.at("after").at("loss"), 0.01);
  EXPECT_EQ(helpful.at("after").at("backward_factor"), 1.5);
  EXPECT_EQ(helpful.at("max_norm"), 1.0);
  EXPECT_EQ(helpful.at("changes").size(), 2U);
  EXPECT_EQ(helpful.at("command"), "gradvitals train --model 2-8-relu-1");
  const auto& untreated = json.at("trials").at(1);
  EXPECT_EQ(untreated.at("title"), "as it is");
  EXPECT_TRUE(untreated.at("after").at("loss").is_null());
  EXPECT_TRUE(untreated.at("max_norm").is_null());
  EXPECT_TRUE(untreated.at("changes").empty());
  EXPECT_TRUE(untreated.at("command").is_null());
  EXPECT_EQ(untreated.at("after").at("verdict"), "non_finite");
  EXPECT_EQ(untreated.at("after").at("severity"), "critical");
}

TEST(PrescriptionSummary, NamesTheVerdictOnceWhereItStays) {
  EXPECT_EQ(summary(helpful_trial()), "loss 0.5 -> 0.01, healthy");
  EXPECT_EQ(summary(untreated_trial()), "loss 0.25 -> not finite, vanishing -> non_finite");
}

TEST(PrescriptionReport, SaysWhereItWasInterrupted) {
  PrescriptionReport report = report_that(PrescriptionOutcome::kHelps);
  EXPECT_TRUE(nlohmann::json::parse(prescription_json(report)).at("complete").get<bool>());
  report.is_complete = false;
  report.interruption = "SIGTERM";
  EXPECT_TRUE(contains(prescription_text(report, {}), "Ended by SIGTERM after 2 trials"));
  EXPECT_EQ(nlohmann::json::parse(prescription_json(report)).at("interruption"), "SIGTERM");
  report.trials.clear();
  const std::string text = prescription_text(report, {});
  EXPECT_TRUE(contains(text, "Ended by SIGTERM before the first trial had ended")) << text;
  EXPECT_FALSE(contains(text, "Best"));
}

TEST(PrescriptionReport, LosesColumnsWhereTheTerminalIsNarrow) {
  const PrescriptionReport report = report_that(PrescriptionOutcome::kHelps);
  EXPECT_TRUE(contains(prescription_text(report, {}), "Loss                accuracy"));
  const std::string narrow = prescription_text(report, {.width = 70});
  EXPECT_TRUE(contains(narrow, "Remedy"));
  EXPECT_TRUE(contains(narrow, "  Loss"));
  EXPECT_FALSE(contains(narrow, "  B  "));
}

TEST(PrescriptionReport, KeepsTheCommandWholeHoweverNarrowTheTerminal) {
  PrescriptionReport report = report_that(PrescriptionOutcome::kHelps);
  const std::string command = "gradvitals train --data 'donn\u00e9es.csv' --model 2-8-relu-1";
  report.trials.front().command = command;
  EXPECT_TRUE(
      contains(prescription_text(report, {.ascii = true, .width = 30}), "\n   " + command + "\n"));
}

}  // namespace
}  // namespace gradvitals::test
