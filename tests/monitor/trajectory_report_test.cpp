// Contract: the curve of a run's report: its largest values in a few points, however long it is.
// Oracle: runs of known values.
#include "monitor/report/trajectory_report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "kernels/runtime/utf8.h"
#include "monitor/history/event_line.h"
#include "monitor/report/seen_run.h"
#include "monitor/report/trajectory_json.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

TrajectoryReport report_with(std::int64_t steps, double (*loss_at)(std::int64_t)) {
  TrajectoryReport report;
  report.steps = steps;
  for (std::int64_t step = 0; step < steps; ++step) add_to_curve(report, step, loss_at(step), 0.5);
  return report;
}

nlohmann::json curve_of(const TrajectoryReport& report) {
  return nlohmann::json::parse(trajectory_json(report)).at("curve");
}

TEST(TrajectoryReport, DrawsAShortRunStepByStep) {
  const auto falling = [](std::int64_t step) {
    return std::pow(10.0, 4.0 - static_cast<double>(step));
  };
  const TrajectoryReport report = report_with(8, falling);
  const std::string text = trajectory_text(report, {.ascii = true});
  EXPECT_TRUE(contains(text, "Loss            #%*+=-._  0.001 to 1e+04\n")) << text;
  EXPECT_TRUE(contains(text, "Gradient norm   ++++++++  0.5 to 0.5\n")) << text;
  const nlohmann::json curve = curve_of(report);
  ASSERT_EQ(curve.size(), 8U);
  EXPECT_EQ(curve[3], (nlohmann::json{{"step", 3}, {"loss", 10.0}, {"global_norm", 0.5}}));
}

TEST(TrajectoryReport, ALongRunIsAFewPointsAndNoSpikeIsLost) {
  const auto one_spike = [](std::int64_t step) {
    if (step == 70'000) return kNaN;
    return step == 54'321 ? 1e6 : 1.0;
  };
  const nlohmann::json curve = curve_of(report_with(100'000, one_spike));
  EXPECT_LE(curve.size(), 64U);
  EXPECT_GE(curve.size(), 32U);
  EXPECT_EQ(curve.back().at("step"), 99'999);
  int spikes = 0, holes = 0;
  for (const nlohmann::json& point : curve) {
    spikes += point.at("loss") == 1e6 ? 1 : 0;
    holes += point.at("loss").is_null() ? 1 : 0;
  }
  EXPECT_EQ(spikes, 1);
  EXPECT_EQ(holes, 1);
}

TEST(TrajectoryReport, WithoutLossesOrStepsDrawsNoLine) {
  TrajectoryReport report;
  report.steps = 3;
  for (std::int64_t step = 0; step < 3; ++step) add_to_curve(report, step, {}, {});
  EXPECT_FALSE(contains(trajectory_text(report, {}), "OVER THE STEPS"));
  EXPECT_TRUE(curve_of(report)[0].at("loss").is_null());
  EXPECT_TRUE(curve_of({}).empty());
}

TEST(EventJson, OfAHistoryIsThatOfAReport) {
  HealthEvent event{.kind = HealthEventKind::kWorsened, .step = 9, .episode = {}};
  Finding& finding = event.episode.finding;
  finding.rule = RuleId::kNormChange;
  finding.severity = Severity::kWarning;
  finding.verdict = Verdict::kUnstable;
  finding.text = "It jumps.";
  finding.advice = {"a", "b"};
  event.episode.first_step = 3;
  event.episode.last_step = event.episode.peak_step = 8;
  event.episode.count = 4;
  const auto expect_alike = [&event] {
    EXPECT_EQ(Json::parse(event_line(event)).dump(), event_json(event).dump());
  };
  expect_alike();
  finding.tensor = "dense/kernel";
  finding.network = "critic";
  finding.layer = 2;
  finding.value = kInf;
  finding.threshold = 6.0;
  finding.consequence_of = RuleId::kUpdateRatio;
  event.episode.is_open = false;
  expect_alike();
}

TEST(TrajectoryReport, OfARunThatWasResumedSaysWhichStepsAreNew) {
  TrajectoryReport report;
  report.steps = 1000;
  report.first_step = 900;
  report.last_step = 999;
  EXPECT_EQ(run_verdict_sentence(report),
            "The run was healthy over 1000 steps (900 to 999 of them since it was resumed).");
  report.first_step = 0;
  EXPECT_EQ(run_verdict_sentence(report), "The run was healthy over 1000 steps (0 to 999).");
}

TEST(TrajectoryReport, WhatOnlyInformsLeavesTheMarkOfAHealthyRun) {
  TrajectoryReport report;
  report.steps = 9;
  Episode told;
  told.finding.rule = RuleId::kInitialVariance;
  told.finding.severity = Severity::kInfo;
  report.worst_severity = Severity::kInfo;
  report.episodes = {told};
  const std::string text = trajectory_text(report, {});
  EXPECT_TRUE(text.starts_with("✅ OK: The run was healthy over 9 steps.\n")) << text;
  EXPECT_TRUE(contains(text, "R22")) << text;
}

TEST(TrajectoryReport, HealthyGradientsThatLearntAConstantAreToldSo) {
  TrajectoryReport report;
  report.steps = 9;
  report.baseline = {.loss = 0.07, .constant_loss = 0.072, .is_beaten = false};
  EXPECT_TRUE(
      trajectory_text(report, {})
          .starts_with("ℹ️ INFO: The gradients of the run were healthy over 9 steps. But the "
                       "network has learnt no more than a constant: its loss is 0.07, that of "
                       "the best constant prediction 0.072.\n   Train for more steps or with a "
                       "larger learning rate"))
      << trajectory_text(report, {});
  report.baseline->is_beaten = true;
  EXPECT_EQ(run_verdict_sentence(report), "The run was healthy over 9 steps.");
  // What is wrong with its gradients says more.
  report.baseline->is_beaten = false;
  report.verdict = Verdict::kVanishing;
  EXPECT_FALSE(contains(run_verdict_sentence(report), "constant"));
}

TEST(TrajectoryReport, OfARunWithoutAStepSaysThatNothingWasJudgedAndNotThatItIsWell) {
  const std::string text = trajectory_text({}, {});
  EXPECT_TRUE(text.starts_with("ℹ️ INFO: The run holds no step: nothing was judged.\n"))
      << text;
  EXPECT_FALSE(contains(text, "OK")) << text;
}

TEST(TrajectoryReport, OfStepsWithoutAGradientSaysThatNothingWasJudgedAndNotThatItIsWell) {
  HealthTracker tracker;
  TrajectoryReport report;
  for (std::int64_t step = 0; step < 3; ++step) {
    HealthMetrics metrics;
    metrics.step = step;
    metrics.loss = 2.0;
    const auto events = tracker.add(metrics);
    see_step(report, {.step = step, .loss = 2.0, .metrics = &metrics, .events = events});
  }
  add_judgement(report, tracker, {});
  EXPECT_FALSE(is_judged(report));
  const std::string text = trajectory_text(report, {});
  EXPECT_TRUE(
      text.starts_with("ℹ️ INFO: The run holds no gradient: nothing was judged in its 3 "
                       "steps (0 to 2); the loss went from 2 to 2.\n"))
      << text;
  EXPECT_FALSE(contains(text, "OK")) << text;
  EXPECT_FALSE(contains(text, "ealthy")) << text;
  const auto document = nlohmann::json::parse(trajectory_json(report));
  EXPECT_EQ(document.at("run").at("verdict"), "no_gradient");
  EXPECT_EQ(document.at("run").at("is_judged"), false);
  EXPECT_EQ(document.at("at_end").at("verdict"), "no_gradient");
  EXPECT_EQ(document.at("at_end").at("severity"), "info");
  for (const auto& point : document.at("curve")) EXPECT_TRUE(point.at("global_norm").is_null());
}

Episode episode_of(RuleId rule, Severity severity, std::int64_t first, std::int64_t last,
                   std::optional<RuleId> cause = std::nullopt) {
  Episode episode;
  episode.finding.rule = rule;
  episode.finding.severity = severity;
  episode.finding.verdict = cause ? Verdict::kUnstable : Verdict::kDead;
  episode.finding.text = fmt::format("What {} says.", rule_number(rule));
  episode.finding.advice = {fmt::format("Mend {}", rule_number(rule))};
  episode.finding.consequence_of = cause;
  episode.first_step = first;
  episode.last_step = last;
  episode.is_open = false;
  return episode;
}

TEST(TrajectoryReport, OfAWorstEpisodeThatFollowsFromAnotherShowsTheRootCause) {
  TrajectoryReport report;
  report.steps = 50;
  report.worst_severity = Severity::kCritical;
  report.episodes = {
      episode_of(RuleId::kDeadUnits, Severity::kWarning, 0, 2),
      episode_of(RuleId::kDeadUnits, Severity::kWarning, 10, 40),
      episode_of(RuleId::kNormChange, Severity::kCritical, 12, 30, RuleId::kDeadUnits),
      episode_of(RuleId::kDeadUnits, Severity::kWarning, 45, 49)};
  const std::string text = trajectory_text(report, {});
  EXPECT_TRUE(contains(text, "🩺 ROOT CAUSE OF THE WORST EPISODE: from step 10 to 40\n")) << text;
  EXPECT_TRUE(contains(text,
                       "⚠️ WARNING: R10 What R10 says.\n   📝 Mend R10\n"
                       "   It explains the worst, from step 12 to 30:\n"
                       "      🚨 CRITICAL: R14 What R14 says.\n"))
      << text;
  EXPECT_FALSE(contains(text, "Mend R14")) << text;
  EXPECT_TRUE(contains(run_verdict_sentence(report), "(R14, by R10)")) << text;
  // A cause that is no longer kept is named, and cannot be shown.
  report.episodes.erase(report.episodes.begin(), report.episodes.begin() + 2);
  const std::string without = trajectory_text(report, {});
  EXPECT_TRUE(contains(without, "🩺 WORST EPISODE: from step 12 to 30\n")) << without;
  EXPECT_TRUE(contains(without, "📝 Mend R14")) << without;
}

TEST(TrajectoryReport, AnEpisodeThatLastsHasNoLastStep) {
  TrajectoryReport report;
  report.steps = 1000;
  report.episodes = {episode_of(RuleId::kBackwardFactor, Severity::kCritical, 0, 990)};
  report.episodes.front().is_open = true;
  const std::string text = trajectory_text(report, {});
  EXPECT_TRUE(contains(text, "🩺 WORST EPISODE: since step 0\n")) << text;
}

TEST(TrajectoryReport, WhatIsToBeTreatedIsTheRootOfTheWorstEpisode) {
  TrajectoryReport report;
  EXPECT_EQ(episode_to_treat(report), nullptr);
  report.episodes = {episode_of(RuleId::kInitialVariance, Severity::kInfo, 0, 0)};
  EXPECT_EQ(episode_to_treat(report), nullptr);
  report.episodes = {
      episode_of(RuleId::kDeadUnits, Severity::kWarning, 10, 40),
      episode_of(RuleId::kNormChange, Severity::kCritical, 12, 30, RuleId::kDeadUnits)};
  EXPECT_EQ(episode_to_treat(report), &report.episodes.front());
}

TEST(TrajectoryReport, FitsTheTerminalThatItIsFor) {
  TrajectoryReport report =
      report_with(64, [](std::int64_t step) { return 1.0 + static_cast<double>(step); });
  Episode wide;
  wide.finding.rule = RuleId::kNonFinite;
  wide.finding.severity = Severity::kCritical;
  wide.finding.tensor = "dense_12/pre_activation";
  wide.finding.text =
      "A sentence that is a good deal longer than any terminal is wide, since it "
      "tells of everything that may be told of a tensor.";
  wide.finding.value = 123456.0;
  wide.finding.threshold = 0.001;
  report.worst_severity = Severity::kCritical;
  report.episodes = {wide};
  report.notes = {
      "a note that holds one-word-which-is-as-long-as-a-path-may-be and goes on and on"};
  for (const int width : {60, 80, 100}) {
    std::string text = trajectory_text(report, {.width = width});
    for (std::size_t end = text.find('\n'); !text.empty(); end = text.find('\n')) {
      EXPECT_LE(display_width(text.substr(0, end)), width) << text.substr(0, end);
      text.erase(0, end + 1);
    }
  }
  EXPECT_EQ(trajectory_text(report, {.width = 1000}), trajectory_text(report, {}));
}

}  // namespace
}  // namespace gradvitals::test
