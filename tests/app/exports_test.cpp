// Contract: the files for CI systems, spreadsheets and Prometheus, from the command line: what is written
// where the gate trips, where nothing is judged and where a file cannot be written. What is in them is
// tested with their writers, and read by parsers of packages in tests/python/test_exports.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "monitor/history/history_writer.h"
#include "tests/app/run_program.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

class Exports : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return folder_.file(name); }
  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--color", "never"});
    return run_program(arguments);
  }
  /// Norms of two gradients over steps, as a tracker recorded them.
  std::string recorded(const std::string& rows) const {
    std::ofstream(file("norms.csv")) << "step,a.weight,b.weight\n" << rows;
    return file("norms.csv");
  }

  TemporaryFolder folder_;
};

TEST_F(Exports, OfNetworksAreWrittenWhereTheGateTrips) {
  const ProgramResult result = run({"compare", "--fail-on", "warning", "--junit", file("a.xml"),
                                    "--markdown", file("a.md"), "--csv", file("a.csv")});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(contains(read_file(file("a.xml")),
                       R"(<testsuite name="ReLU Network" tests="16" failures="0")"));
  EXPECT_TRUE(contains(read_file(file("a.md")), "2 of 3 judged reach 'warning'"));
  EXPECT_TRUE(contains(read_file(file("a.csv")), "\nReLU Network,,"));
}

TEST_F(Exports, OfTrainedNetworksHaveTheirTrainings) {
  const ProgramResult result =
      run({"compare", "--train", "3", "--optimizer", "sgd", "--junit", file("a.xml")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(
      contains(read_file(file("a.xml")), "<testsuite name=\"ReLU Network trained with sgd\""));
}

TEST_F(Exports, OfStepsAreOfTheirRun) {
  const std::string steps = recorded("0,0.1,0.2\n1,0.1,nan\n2,0.1,nan\n");
  const ProgramResult result = run(
      {"diagnose", steps, "--junit", file("a.xml"), "--csv", file("a.csv"), "--format", "github"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(count_of(read_file(file("a.xml")), "<testsuite "), 1);
  EXPECT_EQ(count_of(read_file(file("a.csv")), "\n"),
            7);  // Two gradients in three steps, and the names.
  EXPECT_TRUE(contains(result.out, "\n::gradvitals-text::\n::error title=")) << result.out;
  EXPECT_TRUE(contains(result.out, "first at step 1")) << result.out;
}

TEST_F(Exports, NothingJudgedIsNotGreen) {
  const ProgramResult result =
      run({"train", "--network", "relu", "--steps", "3", "--checkpoint", file("c.safetensors")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const ProgramResult again =
      run({"train", "--network", "relu", "--steps", "3", "--resume", file("c.safetensors"),
           "--junit", file("a.xml"), "--markdown", file("a.md"), "--format", "github"});
  EXPECT_EQ(again.exit_code, 3) << again.err;
  EXPECT_TRUE(contains(read_file(file("a.xml")), "<error "));
  EXPECT_TRUE(contains(read_file(file("a.md")), "nothing could be judged"));
  EXPECT_TRUE(contains(again.out, "\n::error title="));
}

TEST_F(Exports, AHistoryWithoutAGradientIsNowhereHealthy) {
  {
    HistoryWriter writer(file("run.jsonl"));
    for (std::int64_t step = 0; step < 5; ++step) {
      HealthMetrics metrics;
      metrics.step = step;
      metrics.loss = 1.0;
      writer.add(metrics);
    }
  }
  const ProgramResult result =
      run({"report", file("run.jsonl"), "--junit", file("a.xml"), "--markdown", file("a.md"),
           "--json", file("a.json"), "--html", file("a.html"), "--plot", file("a.gp"),
           "--openmetrics", file("a.prom"), "--format", "github"});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_TRUE(contains(result.err, "nothing to judge, it holds no gradient")) << result.err;
  EXPECT_TRUE(contains(result.out, "::error title=")) << result.out;
  EXPECT_TRUE(contains(read_file(file("a.xml")), "<error "));
  EXPECT_TRUE(contains(read_file(file("a.prom")), "verdict=\"no_gradient\"} 1"));
  for (const char* const name : {"a.md", "a.html", "a.gp"}) {
    EXPECT_TRUE(contains(read_file(file(name)), "The run holds no gradient")) << name;
  }
  EXPECT_TRUE(contains(read_file(file("a.json")), "\"no_gradient\""));
  for (const char* const name : {"a.md", "a.json", "a.xml", "a.gp"}) {
    EXPECT_FALSE(contains(read_file(file(name)), "healthy")) << name << read_file(file(name));
  }
  EXPECT_FALSE(contains(result.out, "healthy")) << result.out;
}

TEST_F(Exports, TwoRunsAreTwoSubjects) {
  for (const char* const name : {"a.jsonl", "b.jsonl"}) {
    ASSERT_EQ(
        run({"train", "--network", "relu", "--steps", "5", "--history", file(name)}).exit_code, 0);
  }
  const ProgramResult result =
      run({"report", file("a.jsonl"), file("b.jsonl"), "--junit", file("a.xml"), "--markdown",
           file("a.md"), "--format", "github"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(count_of(read_file(file("a.xml")), "<testsuite "), 2);
  for (const char* const name : {"a.jsonl", "b.jsonl"}) {
    EXPECT_TRUE(contains(read_file(file("a.md")), name));
  }
  EXPECT_TRUE(contains(result.out, "::gradvitals-text::")) << result.out;
  const ProgramResult table =
      run({"report", file("a.jsonl"), file("b.jsonl"), "--csv", file("a.csv")});
  EXPECT_EQ(table.exit_code, 2);
  EXPECT_TRUE(contains(table.err, "--csv is of one run")) << table.err;
}

TEST_F(Exports, OfARunHaveEveryStep) {
  const ProgramResult result =
      run({"train", "--network", "relu", "--steps", "20", "--csv", file("a.csv"), "--events-csv",
           file("e.csv"), "--openmetrics", file("a.prom"), "--history", file("run.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(read_file(file("a.csv")), "samples,19,"));
  EXPECT_TRUE(read_file(file("e.csv")).starts_with("run,event,step,"));
  EXPECT_TRUE(contains(read_file(file("a.prom")), "gradvitals_steps_total{"));
  const ProgramResult again =
      run({"report", file("run.jsonl"), "--csv", file("b.csv"), "--openmetrics", file("b.prom")});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(count_of(read_file(file("b.csv")), "\n"), count_of(read_file(file("a.csv")), "\n"));
}

TEST_F(Exports, OneThatCannotBeWrittenDoesNotKeepTheOthers) {
  const ProgramResult result =
      run({"train", "--network", "relu", "--steps", "20", "--csv", "/dev/full", "--openmetrics",
           "/dev/full", "--junit", file("a.xml"), "--events-csv", file("e.csv")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "cannot write /dev/full")) << result.err;
  EXPECT_EQ(count_of(result.err, "the training goes on"), 1) << result.err;
  EXPECT_TRUE(contains(read_file(file("a.xml")), "</testsuites>"));
  EXPECT_TRUE(std::filesystem::exists(file("e.csv")));
}

TEST_F(Exports, ReplaceTheSummaryThatIsThere) {
  std::ofstream(file("summary.md")) << "before\n";
  ASSERT_EQ(run({"compare", "--markdown", file("summary.md")}).exit_code, 0);
  EXPECT_FALSE(contains(read_file(file("summary.md")), "before"));
}

TEST_F(Exports, AreRefusedWhereTheyCannotBe) {
  struct Wrong {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::string steps = recorded("0,0.1,0.2\n1,0.1,0.2\n");
  const std::vector<Wrong> all = {
      {{"compare", "--junit", "-"}, "--junit takes a file, and not '-'"},
      {{"compare", "--json", "-", "--format", "github"}, "--format github and --json -"},
      {{"compare", "--rules", "notebook", "--junit", file("a.xml")},
       "cannot go with --rules notebook"},
      {{"compare", "--junit", file("a"), "--markdown", file("a")}, file("a")},
      {{"diagnose", steps, "--csv", steps}, "norms.csv"},
      {{"diagnose", steps, "--events-csv", file("e.csv")},
       "--events-csv is for the history of a run"},
      {{"compare", "--events-csv", file("e.csv")}, "--events-csv is no option"},
      {{"train", "--network", "relu", "--junit", file("missing/a.xml")}, "--junit: cannot write"},
  };
  for (const Wrong& wrong : all) {
    const ProgramResult result = run_program(wrong.arguments);
    EXPECT_EQ(result.exit_code, 2) << wrong.message;
    EXPECT_TRUE(contains(result.err, wrong.message)) << wrong.message << "\n" << result.err;
  }
}

}  // namespace
}  // namespace gradvitals::test
