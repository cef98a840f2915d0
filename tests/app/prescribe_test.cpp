// Contract: `gradvitals prescribe`. Oracle: the recorded networks (tests/data/golden/models), and the
//           commands compare and checkup, which judge the same gradients.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/app/run_program.h"
#include "tests/golden/golden_file.h"
#include "tests/support/expect_close.h"
#include "tests/support/texts.h"
#include "training/command_words.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

constexpr char kDigitsTable[] =
    "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz";

std::vector<std::string> prescribe_model(const std::string& name,
                                         const std::vector<std::string>& more) {
  std::vector<std::string> command = {
      "prescribe", golden_path("models", name, ".model.safetensors"),
      "--data",    golden_path("models", name, ".data.safetensors"),
      "--device",  "cpu"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

json json_of(const std::vector<std::string>& command) {
  const ProgramResult result = run_program(command);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out);
}

const json& trial_titled(const json& report, const std::string& title) {
  const json& trials = report.at("trials");
  const auto found =
      std::ranges::find_if(trials, [&](const json& trial) { return trial.at("title") == title; });
  if (found == trials.end()) throw std::out_of_range(title);
  return *found;
}

TEST(Prescribe, FindsAFixForADeepSigmoidModelFromItsFile) {
  const json report = json_of(prescribe_model("deep_sigmoid", {"--json", "-"}));
  EXPECT_EQ(report.at("schema"), "gradvitals.prescription/1");
  EXPECT_EQ(report.at("outcome"), "helps");
  EXPECT_EQ(report.at("steps"), 200);
  const json& as_it_is = trial_titled(report, "as it is");
  EXPECT_EQ(as_it_is.at("before").at("verdict"), "vanishing");
  EXPECT_FALSE(as_it_is.at("trains").get<bool>());
  EXPECT_TRUE(report.at("trials").at(0).at("trains").get<bool>());
}

TEST(Prescribe, StartsFromTheWeightsOfTheFile) {
  // On one batch of all samples, the first step sees what checkup sees.
  const json report =
      json_of(prescribe_model("deep_sigmoid", {"--steps", "1", "--batch", "1000", "--json", "-"}));
  const json expected = read_expected("models", "deep_sigmoid");
  const json& before = trial_titled(report, "as it is").at("before");
  expect_close(before.at("loss").get<double>(), expected.at("loss").get<double>(), kGoldenNorm);
}

TEST(Prescribe, TriesRemediesOnTheNotebooksNetworks) {
  for (const char* const network : {"sigmoid", "exploding"}) {
    const json report = json_of(
        {"prescribe", "--network", network, "--device", "cpu", "--steps", "200", "--json", "-"});
    EXPECT_EQ(report.at("outcome"), "helps") << network;
    EXPECT_EQ(report.at("held_out"), false);
    // compare judges the same weights on the same samples, in another order.
    const json compared = json_of({"compare", "--device", "cpu", "--json", "-"});
    const std::size_t place = network == std::string("sigmoid") ? 0 : 2;
    expect_close(trial_titled(report, "as it is").at("before").at("backward_factor").get<double>(),
                 compared.at("networks")
                     .at(place)
                     .at("vital_signs")
                     .at("oxygen")
                     .at("backward_factor")
                     .get<double>(),
                 kGoldenGain);
  }
}

TEST(Prescribe, FindsNothingBetterThanTheNotebooksHealthyNetwork) {
  EXPECT_EQ(
      json_of({"prescribe", "--network", "relu", "--device", "cpu", "--json", "-"}).at("outcome"),
      "nothing_better");
}

TEST(Prescribe, FindsAFixForTwelveSigmoidLayersOnDigits) {
  if (!std::filesystem::exists(kDigitsTable)) GTEST_SKIP() << "python3-sklearn is not installed";
  std::string model = "64-";
  for (int layer = 0; layer < 12; ++layer) model += "64-sigmoid-";
  const std::vector<std::string> command = {
      "prescribe", "--model", model + "10", "--data", "digits", "--device", "cpu", "--json", "-"};
  const ProgramResult result = run_program(command);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report.at("outcome"), "helps");
  EXPECT_EQ(report.at("held_out"), true);
  EXPECT_EQ(trial_titled(report, "as it is").at("after").at("verdict"), "vanishing");
  EXPECT_GT(report.at("trials").at(0).at("after").at("score").get<double>(), 0.8);
  // The same bits on repetition.
  EXPECT_EQ(run_program(command).out, result.out);
}

/// Runs the command of a trial, and gives the report of the training.
json repeated(const json& trial) {
  std::vector<std::string> words = split_command(trial.at("command").get<std::string>());
  EXPECT_EQ(words.front(), "gradvitals");
  words.erase(words.begin());
  words.insert(words.end(), {"--json", "-"});
  return json_of(words);
}

TEST(Prescribe, TheCommandOfATrialRepeatsItToTheBit) {
  if (!std::filesystem::exists(kDigitsTable)) GTEST_SKIP() << "python3-sklearn is not installed";
  const json report = json_of({"prescribe", "--model", "64-16-sigmoid-16-sigmoid-10", "--data",
                               "digits", "--device", "cpu", "--threads", "1", "--steps", "60",
                               "--optimizer", "momentum", "--json", "-"});
  for (const char* const title : {"as it is", "relu with He values", "LayerNorm", "warm-up",
                                  "residual connections", "learning rate x 10"}) {
    const json& trial = trial_titled(report, title);
    EXPECT_EQ(repeated(trial).at("validation").at("loss"), trial.at("after").at("loss")) << title;
  }
  EXPECT_TRUE(contains(trial_titled(report, "relu with He values").at("command").get<std::string>(),
                       " --model 64-16-relu-16-relu-10 --init he "));
}

TEST(Prescribe, ACommandRepeatsTheNotebooksNetworkAndNoneIsGivenWhereTrainCannot) {
  const json report = json_of({"prescribe", "--network", "exploding", "--head", "linear",
                               "--device", "cpu", "--steps", "30", "--json", "-"});
  const json& slower = trial_titled(report, "learning rate / 10");
  const json again = repeated(slower);
  EXPECT_EQ(again.at("steps"), 30);
  EXPECT_TRUE(contains(slower.at("command").get<std::string>(),
                       "--network exploding --head linear --loss mse --steps 30 --batch 100 "
                       "--optimizer adam --learning-rate 0.0001 --seed 42 --device cpu"));
  // The notebook's samples are for its networks alone.
  EXPECT_TRUE(trial_titled(report, "relu with He values").at("command").is_null());
  for (const json& trial :
       json_of(prescribe_model("deep_sigmoid", {"--steps", "2", "--json", "-"})).at("trials")) {
    EXPECT_TRUE(trial.at("command").is_null()) << trial;
  }
}

TEST(Prescribe, TextNamesTheBestAndProgressItsTrials) {
  const ProgramResult result =
      run_program(prescribe_model("exploding_linear_head", {"--steps", "50"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"PRESCRIPTION: ", "as it is", "Verdict",
                           "GOOD: Best: ", "   network 10-", "   all else as it was: "}) {
    EXPECT_TRUE(contains(result.out, part)) << part << "\n" << result.out;
  }
  EXPECT_TRUE(contains(result.err, "gradvitals: tried 1, as it is: loss ")) << result.err;
  EXPECT_TRUE(contains(result.err, "gradvitals: tried 2, relu with He values: ")) << result.err;
}

TEST(Prescribe, CtrlCKeepsTheTableOfTheTrialsThatEnded) {
  const TemporaryFolder folder;
  const std::string report = folder.file("json");
  // The first trials are over within a second, all of them are not.
  const int code = run_in_shell(
      "timeout --foreground --preserve-status -s INT 2 \"$gradvitals\" prescribe --device cpu "
      "--network sigmoid --steps 2000 --json '" +
      report + "' > '" + folder.file("text") + "' 2> /dev/null");
  ASSERT_EQ(code, 130);
  const json written = json::parse(read_file(report));
  EXPECT_EQ(written.at("interruption"), "SIGINT");
  EXPECT_FALSE(written.at("complete").get<bool>());
  EXPECT_TRUE(contains(read_file(folder.file("text")), "Ended by SIGINT"));
}

TEST(Prescribe, AReportThatCannotBeWrittenIsNamedBeforeTheTrials) {
  const ProgramResult result =
      run_program({"prescribe", "--network", "relu", "--steps", "50", "--json", "no/a.json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--json: cannot write no/a.json: the folder no does not exist"))
      << result.err;
  EXPECT_FALSE(contains(result.err, "tried 1"));
}

TEST(Prescribe, BinaryCrossEntropyNeedsTargetsThatAreProbabilities) {
  const TemporaryFolder folder;
  const auto prescribed = [&](const char* last) {
    std::ofstream(folder.file("t.csv")) << "a,b,y\n1,2,0\n3,1,1\n2,2,1\n0,1," << last << '\n';
    return run_program({"prescribe", "--model", "2-4-tanh-1-sigmoid", "--loss", "bce", "--data",
                        folder.file("t.csv"), "--target", "y", "--steps", "5", "--json", "-"});
  };
  const ProgramResult odds = prescribed("0.5");
  EXPECT_EQ(odds.exit_code, 0) << odds.err;
  EXPECT_EQ(json::parse(odds.out).at("loss"), "binary_cross_entropy");
  const ProgramResult no_odds = prescribed("2");
  EXPECT_EQ(no_odds.exit_code, 2);
  EXPECT_TRUE(contains(no_odds.err, "row 4: target 2 is not in [0, 1]")) << no_odds.err;
}

TEST(Prescribe, HasTheOptimizerOptionsOfTrain) {
  const auto options_of = [](const std::string& command) {
    const std::string help = run_program({command, "--help"}).out;
    const std::size_t begin = help.find("  --optimizer ");
    return help.substr(begin, help.find("0.1 of sgd", begin) - begin);
  };
  EXPECT_TRUE(contains(options_of("train"), "--learning-rate"));
  EXPECT_EQ(options_of("prescribe"), options_of("train"));
}

TEST(Prescribe, RefusesASampleAloneForNothingCanBeToldByIt) {
  const ProgramResult result = run_program(prescribe_model("tanh_odd", {}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "all targets are the same")) << result.err;
}

}  // namespace
}  // namespace gradvitals::test
