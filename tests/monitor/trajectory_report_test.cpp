// Contract: the curve of a run's report: its largest values in a few points, however long it is.
// Oracle: runs of known values.
#include "monitor/report/trajectory_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "monitor/history/event_line.h"
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

}  // namespace
}  // namespace gradvitals::test
