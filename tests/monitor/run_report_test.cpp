// Contract: the text of a run: a row a step, thinned out where there are many, and what they show
// together.
#include "monitor/report/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "monitor/report/json.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct JudgedRun {
  /// A run of `count` steps, of which those of `bad` hold a NaN.
  JudgedRun(int count, const std::vector<int>& bad) {
    for (int i = 0; i < count; ++i) {
      const bool is_bad = std::ranges::find(bad, i) != bad.end();
      add(named_metrics({0.1, is_bad ? kNan : 0.2, 0.1, 0.2}));
    }
    judge_run();
  }

  /// A run of steps whose gradients all have these norms.
  explicit JudgedRun(const std::vector<double>& norms) {
    for (const double norm : norms) add(metrics_from_norms({norm, norm}));
    judge_run();
  }

  void add(HealthMetrics metrics) {
    networks.push_back(judged("step_" + std::to_string(networks.size()), "", std::move(metrics)));
  }

  void judge_run() {
    std::vector<RunStep> steps;
    for (const NetworkReport& network : networks) {
      steps.push_back({std::nullopt, network.name, &network.metrics, &network.diagnosis});
    }
    run = diagnose_run(steps);
  }

  std::string table(TextStyle style = {}) const {
    return run_table(networks, run, RuleSet::kFull, style);
  }

  std::vector<NetworkReport> networks;
  RunDiagnosis run;
};

TEST(RunTable, HasARowAStep) {
  const std::string table = JudgedRun(3, {1}).table();
  EXPECT_EQ(count_of(table, "step_"), 3);
  EXPECT_NE(table.find("🚨  step_1  non_finite"), std::string::npos) << table;
  EXPECT_NE(table.find("✅  step_2  healthy"), std::string::npos) << table;
}

TEST(RunTable, OfALongRunShowsTheEndsAndTheBadStepsAndCountsTheOthers) {
  const std::string table = JudgedRun(100, {50, 70}).table();
  EXPECT_EQ(count_of(table, "step_"), 4) << table;
  for (const char* step : {"step_0 ", "step_50", "step_70", "step_99"}) {
    EXPECT_NE(table.find(step), std::string::npos) << step;
  }
  EXPECT_NE(table.find("... 49 more healthy steps"), std::string::npos) << table;
  EXPECT_NE(table.find("... 19 more healthy steps"), std::string::npos) << table;
}

TEST(RunTable, OfManyBadStepsShowsSomeAndCountsTheOthers) {
  std::vector<int> bad;
  for (int i = 100; i < 200; ++i) bad.push_back(i);
  const std::string table = JudgedRun(200, bad).table();
  EXPECT_LT(count_of(table, "step_"), 50);
  EXPECT_NE(table.find("60 with a warning or worse"), std::string::npos) << table;
}

TEST(RunTable, ColorGoesWithAscii) {
  const std::string table = JudgedRun(3, {1}).table({.color = true, .ascii = true});
  EXPECT_NE(table.find("\x1b[1;31m[CRITICAL]  step_1"), std::string::npos) << table;
  EXPECT_NE(table.find("\x1b[32m[OK]        step_2"), std::string::npos) << table;
}

nlohmann::json run_object(const JudgedRun& run) {
  return nlohmann::json::parse(run_json(run.networks, run.run)).at("run");
}

TEST(RunJson, NamesTheFirstStepsThatWarnAndThatAreCritical) {
  const Limits limits = Thresholds{}.large_norm;
  const double warns = 0.9 * limits.critical, fails = 1.1 * limits.critical;
  JudgedRun worsens({1.0, warns, fails, fails});
  worsens.run.first_critical->step = 20;
  const nlohmann::json run = run_object(worsens);
  EXPECT_EQ(run.at("first_warning"), nlohmann::json({{"step", nullptr}, {"file", "step_1"}}));
  EXPECT_EQ(run.at("first_critical"), nlohmann::json({{"step", 20}, {"file", "step_2"}}));
  EXPECT_EQ(run.at("first_bad_step").at("file"), "step_2");
}

TEST(RunJson, HasNoFirstStepWhereNoneIsBad) {
  const nlohmann::json run = run_object(JudgedRun(3, {}));
  for (const char* key : {"first_bad_step", "first_warning", "first_critical"}) {
    EXPECT_TRUE(run.at(key).is_null()) << key;
  }
}

TEST(RunSection, NamesTheFirstBadStepAndTheVerdict) {
  const JudgedRun bad(3, {1});
  const std::string section = run_section(bad.run, {});
  EXPECT_NE(section.find("First bad step: step_1\n"), std::string::npos) << section;
  EXPECT_NE(section.find("the run's verdict non_finite"), std::string::npos) << section;
  const std::string healthy = run_section(JudgedRun(3, {}).run, {});
  EXPECT_EQ(healthy.find("First bad step"), std::string::npos) << healthy;
}

TEST(RunSection, VerdictThatIsWorseThanItsRootSaysWhichConsequenceMakesItSo) {
  RunDiagnosis run;
  run.steps = 3;
  run.verdict = Verdict::kDead;
  run.severity = Severity::kCritical;
  RunFinding& root = run.findings.emplace_back();
  root.finding.rule = RuleId::kDeadUnits;
  root.finding.severity = Severity::kWarning;
  RunFinding& effect = run.findings.emplace_back();
  effect.finding.rule = RuleId::kZeroGradient;
  effect.finding.severity = Severity::kCritical;
  effect.finding.consequence_of = RuleId::kDeadUnits;
  const std::string section = run_section(run, {});
  EXPECT_TRUE(
      section.ends_with("🚨 CRITICAL: the run's verdict dead (R10 by itself is a warning; "
                        "R13, which it explains, is critical)\n"))
      << section;
}

TEST(RunSection, NamesTheFirstStepThatTheTableWarnsOfWhereItIsNotTheFirstBadOne) {
  const Limits limits = Thresholds{}.large_norm;
  const double warns = 0.9 * limits.critical, fails = 1.1 * limits.critical;
  const JudgedRun worsens({1.0, warns, fails, fails});
  ASSERT_EQ(worsens.run.severity, Severity::kCritical);
  const std::string section = run_section(worsens.run, {});
  EXPECT_NE(section.find("First bad step: step_2\n"), std::string::npos) << section;
  EXPECT_NE(section.find("first warning: step_1; first critical: step_2\n"), std::string::npos)
      << section;
  const std::string passed = run_section(JudgedRun({1.0, warns, 1.0, 1.0, 1.0}).run, {});
  EXPECT_EQ(passed.find("First bad step"), std::string::npos) << passed;
  EXPECT_NE(passed.find("first warning: step_1; first critical: none\n"), std::string::npos)
      << passed;
}

TEST(StepsInDetail, AreAllOfAShortRunAndTheBadOnesOfALongOne) {
  const JudgedRun few(3, {1});
  EXPECT_EQ(steps_in_detail(few.networks, few.run), (std::vector<std::size_t>{0, 1, 2}));
  const JudgedRun many(100, {50, 70});
  EXPECT_EQ(steps_in_detail(many.networks, many.run), (std::vector<std::size_t>{50, 70}));
}

}  // namespace
}  // namespace gradvitals::test
