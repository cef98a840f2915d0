// Contract: --thresholds, where a command judges. Oracle: what the same input is without it.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

class ThresholdsOption : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_.file(name)) << content;
    return folder_.file(name);
  }

  ProgramResult judge_norms(const std::vector<std::string>& more) const {
    std::vector<std::string> command = {"diagnose", write("norms.json", R"({"a": 1.0, "b": 3.0})")};
    command.insert(command.end(), more.begin(), more.end());
    return run_program(command);
  }

  TemporaryFolder folder_;
};

TEST_F(ThresholdsOption, ChangesWhatDiagnoseSaysAndIsSaid) {
  EXPECT_EQ(judge_norms({"--fail-on", "warning"}).exit_code, 0);
  const std::string limits = write("limits.json", R"({"large_norm": {"warning": 2}})");
  const ProgramResult result = judge_norms({"--fail-on", "warning", "--thresholds", limits});
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  EXPECT_NE(result.out.find("judged by limits that are not the default: large_norm 2 and 200"),
            std::string::npos)
      << result.out;
  EXPECT_EQ(judge_norms({}).out.find("not the default"), std::string::npos);
}

TEST_F(ThresholdsOption, StandsInTheJsonInTheFormThatTheOptionReads) {
  const std::string limits =
      write("limits.json", R"({"large_norm": {"warning": 2}, "range_ratio": 9})");
  const auto written =
      nlohmann::json::parse(judge_norms({"--thresholds", limits, "--json", "-"}).out);
  const nlohmann::json expected = {{"large_norm", {{"warning", 2.0}, {"critical", 200.0}}},
                                   {"range_ratio", 9.0}};
  EXPECT_EQ(written.at("thresholds"), expected);
  const std::string again = write("again.json", written.at("thresholds").dump());
  const auto twice = nlohmann::json::parse(judge_norms({"--thresholds", again, "--json", "-"}).out);
  EXPECT_EQ(twice, written);
}

TEST_F(ThresholdsOption, CountsInCompareAndInRuns) {
  const std::string limits = write("limits.json", R"({"range_ratio": 1})");
  const ProgramResult compared = run_program({"compare", "--thresholds", limits, "--json", "-"});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  for (const auto& network : nlohmann::json::parse(compared.out).at("networks")) {
    EXPECT_EQ(network.at("thresholds"), nlohmann::json({{"range_ratio", 1.0}}));
    EXPECT_EQ(network.at("vital_signs").at("blood_pressure").at("status"), "high");
  }
  const std::string steps = write("steps.csv", "step,grad_norm\n0,1\n1,1\n2,1\n3,1\n4,5\n5,5\n");
  EXPECT_EQ(run_program({"diagnose", steps, "--fail-on", "warning"}).exit_code, 0);
  const std::string growth = write("growth.json", R"({"norm_growth": {"warning": 4}})");
  EXPECT_EQ(
      run_program({"diagnose", steps, "--fail-on", "warning", "--thresholds", growth}).exit_code,
      1);
}

TEST_F(ThresholdsOption, MisuseIsNamed) {
  const auto expect_said = [this](const std::vector<std::string>& options,
                                  const std::string& what) {
    const ProgramResult result = judge_norms(options);
    EXPECT_EQ(result.exit_code, 2) << what;
    EXPECT_NE(result.err.find(what), std::string::npos) << result.err;
  };
  expect_said({"--thresholds", folder_.file("none.json")}, "none.json");
  expect_said({"--thresholds", "/dev/zero"}, "/dev/zero: holds more than 1048576 bytes");
  const std::string unknown = write("unknown.json", R"({"large_nrom": 1})");
  expect_said({"--thresholds", unknown}, "did you mean large_norm?");
  const std::string limits = write("limits.json", "{}");
  expect_said({"--thresholds", limits, "--rules", "notebook"}, "cannot go with --rules notebook");
  expect_said({"--thresholds", limits, "--json", limits},
              "is read by --thresholds, and --json would write over it");
}

TEST_F(ThresholdsOption, AreReadFromAPipeUpToABound) {
  write("norms.json", R"({"a": 1.0, "b": 3.0})");
  const std::string norms = folder_.file("norms.json"), pipe = folder_.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto judged_with = [&](const std::string& source) {
    return run_in_shell(source + " > " + pipe + " 2>/dev/null & \"$gradvitals\" diagnose " + norms +
                        " --fail-on warning --thresholds " + pipe + " >/dev/null 2>&1");
  };
  EXPECT_EQ(judged_with(R"(echo '{"large_norm": {"warning": 2}}')"), 1);
  EXPECT_EQ(judged_with("yes"), 2);
}

}  // namespace
}  // namespace gradvitals::test
