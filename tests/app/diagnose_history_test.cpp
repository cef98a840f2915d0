// Contract: `gradvitals diagnose HISTORY.jsonl` judges a recorded run anew. Oracle: a HealthTracker that
// was given the same steps, and histories made by hand.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "monitor/history/history_writer.h"
#include "monitor/trajectory/health_tracker.h"
#include "tests/app/run_program.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

constexpr double kOrdinaryNorm = 0.1;

/// A step of one kernel.
HealthMetrics watched_step(std::int64_t step, double gradient_value) {
  std::vector<TensorRecord> records;
  for (const Role role : {Role::kGradient, Role::kWeight}) {
    const double value = role == Role::kWeight ? 1.0 : gradient_value;
    records.push_back(tensor("dense/kernel", role, 0, {value}));
    records.back().rank = 2;
  }
  records.push_back(tensor("dense/kernel", Role::kUpdateSquares, 0, {1e-6}));
  records.back().dtype = DType::kFloat64;
  HealthMetrics metrics = metrics_of(std::move(records));
  metrics.step = step;
  metrics.loss = 2.0 - 1e-3 * static_cast<double>(step);
  return metrics;
}

class DiagnoseHistory : public testing::Test {
 protected:
  /// Runs of 300 steps whose norm goes up and down by a tenth; `bad_step` has another gradient.
  void write_run(std::int64_t bad_step, double bad_gradient) const {
    HistoryWriter writer(path());
    for (std::int64_t step = 0; step < 300; ++step) {
      const double ripple = 1.0 + 0.02 * static_cast<double>(step % 5);
      const double value = step == bad_step ? bad_gradient : kOrdinaryNorm * ripple;
      writer.add(watched_step(step, value), {.learning_rate = 0.01});
    }
  }
  std::string path() const { return folder_.file("run.jsonl"); }
  ProgramResult run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {"diagnose", path()};
    command.insert(command.end(), more.begin(), more.end());
    return run_program(command);
  }

  TemporaryFolder folder_;
};

TEST_F(DiagnoseHistory, SaysFirstThatAHealthyRunIsHealthy) {
  write_run(-1, 0.0);
  const ProgramResult result = run({"--fail-on", "warning"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(
      result.out.starts_with("✅ OK: The run was healthy over 300 steps (0 to 299); the loss "
                             "went from 2 to 1.7.\n"))
      << result.out;
  EXPECT_NE(result.out.find("VITAL SIGNS"), std::string::npos);
  EXPECT_NE(result.out.find("OVER THE STEPS"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("normal 1e-05 to 0.1"), std::string::npos) << result.out;
}

TEST_F(DiagnoseHistory, ReportSaysTheSame) {
  write_run(200, kNaN);
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--json", "-", "--fail-on", "critical"}}) {
    std::vector<std::string> command = {"report", path()};
    command.insert(command.end(), more.begin(), more.end());
    const ProgramResult reported = run_program(command), diagnosed = run(more);
    EXPECT_EQ(reported.exit_code, diagnosed.exit_code) << reported.err;
    EXPECT_EQ(reported.out, diagnosed.out);
    EXPECT_NE(reported.out.find("R1"), std::string::npos) << reported.out;
  }
}

TEST_F(DiagnoseHistory, WritesAPageOfOneRunAndOfTwo) {
  write_run(200, kNaN);
  const std::string page = folder_.file("page.html");
  EXPECT_EQ(run({"--html", page}).exit_code, 0);
  EXPECT_NE(read_file(page).find("The run was non-finite at step 200: gradients hold NaN"),
            std::string::npos);
  const ProgramResult both =
      run_program({"report", path(), path(), "--html", page, "--fail-on", "critical"});
  EXPECT_EQ(both.exit_code, 1) << both.err;
  EXPECT_NE(both.out.find("RUN: " + path()), std::string::npos) << both.out;
  EXPECT_NE(read_file(page).find("Runs A and B never part"), std::string::npos);
  const ProgramResult three = run_program({"report", path(), path(), path()});
  EXPECT_EQ(three.exit_code, 2);
  EXPECT_NE(three.err.find("or of two to be shown side by side"), std::string::npos) << three.err;
}

TEST_F(DiagnoseHistory, APageThatCannotBeWrittenIsNamedBeforeAnythingIsJudged) {
  write_run(-1, 0.0);
  const ProgramResult result = run_program({"report", path(), "--html", "no/such/folder/p.html"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(result.out.empty());
  EXPECT_NE(result.err.find("--html: cannot write no/such/folder/p.html"), std::string::npos)
      << result.err;
}

TEST_F(DiagnoseHistory, NamesTheStepAndTensorOfANaN) {
  write_run(200, kNaN);
  const ProgramResult result = run({"--fail-on", "critical"});
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_NE(result.out.find("non_finite at step 200 (R1)"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("--fail-on critical: the worst episode is critical"), std::string::npos)
      << result.err;
  const json document = json::parse(run({"--json", "-"}).out);
  EXPECT_EQ(document.at("schema"), "gradvitals.run/1");
  EXPECT_EQ(document.at("run").at("verdict"), "non_finite");
  EXPECT_EQ(document.at("run").at("severity"), "critical");
  EXPECT_EQ(document.at("run").at("steps"), 300);
  EXPECT_EQ(document.at("run").at("first_bad_step"), 200);
  const json& finding = document.at("run").at("findings").at(0);
  EXPECT_EQ(finding.at("rule"), "R1");
  EXPECT_EQ(finding.at("tensor"), "dense/kernel");
  EXPECT_EQ(finding.at("first_step"), 200);
  EXPECT_EQ(finding.at("is_open"), false);
  EXPECT_EQ(document.at("events").at(0).at("event"), "began");
  EXPECT_EQ(document.at("events").at(0).at("step"), 200);
  EXPECT_EQ(document.at("at_end").at("verdict"), "healthy");
  const json& curve = document.at("curve");
  EXPECT_LE(curve.size(), 64U);
  EXPECT_EQ(curve.back().at("step"), 299);
  const auto is_hole = [](const json& point) { return point.at("global_norm").is_null(); };
  EXPECT_EQ(std::ranges::count_if(curve, is_hole), 1) << "of the NaN";
}

TEST_F(DiagnoseHistory, JudgesAsATrackerThatWasThere) {
  write_run(200, 50.0);
  HealthTracker tracker;
  std::vector<HealthEvent> events;
  for (std::int64_t step = 0; step < 300; ++step) {
    const double ripple = 1.0 + 0.02 * static_cast<double>(step % 5);
    const double value = step == 200 ? 50.0 : kOrdinaryNorm * ripple;
    for (HealthEvent& event : tracker.add(watched_step(step, value), {.learning_rate = 0.01})) {
      events.push_back(std::move(event));
    }
  }
  const json document = json::parse(run({"--json", "-"}).out);
  ASSERT_GT(events.size(), 0U);
  ASSERT_EQ(document.at("events").size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(document.at("events")[i].at("event"), name(events[i].kind));
    EXPECT_EQ(document.at("events")[i].at("step"), events[i].step);
    EXPECT_EQ(document.at("events")[i].at("text"), events[i].episode.finding.text);
  }
}

TEST_F(DiagnoseHistory, JudgesAnewUnderOtherLimits) {
  write_run(200, 0.25);
  EXPECT_EQ(run({"--fail-on", "warning"}).exit_code, 0);
  const std::string limits = folder_.file("limits.json");
  std::ofstream(limits) << R"({"spike_factor": 1.5})";
  const ProgramResult result = run({"--fail-on", "warning", "--thresholds", limits});
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_NE(result.out.find("not the default: spike_factor 1.5"), std::string::npos) << result.out;
}

TEST_F(DiagnoseHistory, SaysWhatItLeftOut) {
  write_run(-1, 0.0);
  std::ofstream(path(), std::ios::app) << "[0,300,nonsense]\n{\"event\":\"treatment\"}\n[0,301,1.";
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("1 line is damaged and left out, first line 303"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("a line is cut short"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("recorded with it: 1 treatment"), std::string::npos) << result.out;
}

TEST_F(DiagnoseHistory, AHistoryWithoutStepsIsNotHealthy) {
  { HistoryWriter writer(path()); }
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out.find("healthy"), std::string::npos) << result.out;
}

TEST_F(DiagnoseHistory, TextIsAsciiWhereAsked) {
  write_run(200, kNaN);
  for (const char letter : run({"--ascii"}).out) {
    ASSERT_LT(static_cast<unsigned char>(letter), 128);
  }
}

TEST_F(DiagnoseHistory, WhatDoesNotApplyIsRefused) {
  write_run(-1, 0.0);
  const auto expect_refused = [this](const std::vector<std::string>& options,
                                     const std::string& what) {
    const ProgramResult result = run(options);
    EXPECT_EQ(result.exit_code, 2) << what;
    EXPECT_NE(result.err.find(what), std::string::npos) << result.err;
  };
  expect_refused({"--rules", "notebook"}, "--rules notebook judges a step");
  expect_refused({"--step", "3"}, "--step is for one step");
  expect_refused({"--loss-scale", "2"}, "--loss-scale is for dumps");
  expect_refused({"--weights", path()}, "--weights is for dumps");
  expect_refused({"--json", path()}, "is read by diagnose, and --json would write over it");
  const std::string other = folder_.file("other.jsonl");
  std::filesystem::copy_file(path(), other);
  expect_refused({other}, "is the history of a whole run: give it alone");
}

TEST_F(DiagnoseHistory, IsDrawnAsAFigureOfTheWholeRun) {
  write_run(200, kNaN);
  const std::string script = folder_.file("run.gp");
  for (const char* command : {"diagnose", "report"}) {
    const ProgramResult result = run_program({command, path(), "--plot", script});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("The run was non_finite at step 200"), std::string::npos);
    EXPECT_NE(result.err.find("figure written to " + script), std::string::npos) << result.err;
    const std::string text = read_file(script);
    for (const char* part : {"'Loss'", "'Norm of all gradients'", "'first bad step 200'",
                             "set output 'run.png'", "dense/kernel"}) {
      EXPECT_NE(text.find(part), std::string::npos) << part;
    }
    std::filesystem::remove(script);
  }
}

TEST_F(DiagnoseHistory, ANewerSchemaIsRefusedWithItsVersion) {
  std::ofstream(path()) << R"({"schema":"gradvitals.history/9"})" << '\n';
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("gradvitals.history/9"), std::string::npos) << result.err;
}

/// In bytes, of the largest of the programs that this test ran.
std::int64_t peak_memory_of_programs() {
  rusage children{};
  EXPECT_EQ(::getrusage(RUSAGE_CHILDREN, &children), 0);
  return std::int64_t{children.ru_maxrss} << 10;
}

TEST_F(DiagnoseHistory, HoldsNoneOfAFileThatIsLargerThanItsMemory) {
  constexpr std::int64_t kMebibyte = 1 << 20;
  run();  // What the program takes itself.
  const std::int64_t own = peak_memory_of_programs();
  write_run(-1, 0.0);
  {
    const std::string damage = std::string(kMebibyte - 1, 'x') + '\n';
    std::ofstream history(path(), std::ios::app);
    for (int i = 0; i < 200; ++i) history << damage;
  }
  for (const char* command : {"diagnose", "report"}) {
    const ProgramResult result = run_program({command, path()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    // What the kind of a file is told by, and a piece of it.
    EXPECT_LT(peak_memory_of_programs(), own + 80 * kMebibyte) << command;
  }
}

}  // namespace
}  // namespace gradvitals::test
