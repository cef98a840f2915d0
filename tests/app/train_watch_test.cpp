// Contract: signals, limits and alerts of `gradvitals train`. Oracles: JSON of its own output, what the
// command of an alert was given.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/app/run_train.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

TEST(TrainWatch, LimitsOfAFileJudge) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("limits"))
      << R"({"backward_factor_high": {"warning": 1e6, "critical": 1e7},
    "forward_gain_high": {"warning": 1e3, "critical": 1e4}})";
  const json report =
      train_json({"--network", "exploding", "--steps", "5", "--thresholds", folder.file("limits")});
  for (const json& finding : report["run"]["findings"]) EXPECT_NE(finding["rule"], "R2");
  EXPECT_EQ(report["thresholds"]["backward_factor_high"]["warning"], 1e6);
}

TEST(TrainWatch, SignalsAreToldWhereAskedForAndChangeNoBit) {
  const TemporaryFolder folder;
  const std::string table = write_points(folder);
  const auto arguments = [&](const std::string& checkpoint) {
    return TrainArguments{"--data",  table,         "--target",     "y",
                          "--model", "2-16-relu-1", "--steps",      "100",
                          "--batch", "20",          "--checkpoint", folder.file(checkpoint)};
  };
  TrainArguments asked = arguments("with");
  asked.insert(asked.end(),
               {"--signals", "cosine,noise", "--history", folder.file("history.jsonl")});
  const json report = train_json(asked);
  EXPECT_EQ(report["noise"]["batch"], 20);
  EXPECT_GT(report["noise"]["scale"], 0.0);
  EXPECT_EQ(report["cosine"]["steps"], 99);
  EXPECT_LE(report["cosine"]["last"], 1.0);
  EXPECT_GE(report["cosine"]["last"], -1.0);
  ASSERT_EQ(report["cosine"]["tensors"].size(), 4U);
  EXPECT_EQ(report["cosine"]["tensors"][0]["name"], "dense/kernel");
  EXPECT_TRUE(report["cosine"]["tensors"][0]["mean"].is_number());

  const json silent = train_json(arguments("without"));
  EXPECT_EQ(silent["noise"], nullptr);
  EXPECT_EQ(silent["cosine"], nullptr);
  EXPECT_EQ(silent["run"], report["run"]);
  EXPECT_EQ(read_file(folder.file("with")), read_file(folder.file("without")));

  const ProgramResult text = run_train(asked);
  EXPECT_EQ(text.exit_code, 2) << "the history is there";
  EXPECT_EQ(run_program({"diagnose", folder.file("history.jsonl")}).exit_code, 0);
}

TEST(TrainWatch, TheNoiseScaleSaysWhatItMeansForTheBatch) {
  const TemporaryFolder folder;
  const ProgramResult result =
      run_train({"--data", write_points(folder), "--target", "y", "--model", "2-16-relu-1",
                 "--steps", "50", "--signals", "noise"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::size_t line = result.out.find("   noise scale     ");
  ASSERT_NE(line, std::string::npos) << result.out;
  EXPECT_LT(result.out.find("batches of 32", line), result.out.find('\n', line)) << result.out;
  EXPECT_EQ(result.out.find("   cosine "), std::string::npos);
}

TEST(TrainWatch, AlertsReachTheCommandAsJson) {
  const TemporaryFolder folder;
  const ProgramResult result =
      run_train({"--network", "exploding", "--steps", "20", "--on-alert",
                 "sh -c 'cat >> " + folder.file("alerts") + "; echo heard'"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("heard\n"), std::string::npos) << result.err;
  EXPECT_EQ(result.out.find("heard"), std::string::npos);
  std::ifstream lines(folder.file("alerts"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const json alert = json::parse(line);
  EXPECT_EQ(alert["schema"], "gradvitals.alert/1");
  EXPECT_EQ(alert["event"], "began");
  EXPECT_EQ(alert["severity"], "critical");
  EXPECT_EQ(alert["verdict"], "exploding");
  EXPECT_EQ(alert["first_step"], 0);
}

TEST(TrainWatch, ACommandThatHangsIsEndedAndNamedInTheReport) {
  const TemporaryFolder folder;
  const ProgramResult result = run_train({"--network", "exploding", "--steps", "20", "--on-alert",
                                          "sleep 100", "--alert-limit", "0.2"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("the alert command sleep did not end within 0.2 s"), std::string::npos)
      << result.err;
  EXPECT_NE(result.out.find("alerts did not get through the command"), std::string::npos)
      << result.out;
}

}  // namespace
}  // namespace gradvitals::test
