// Contract: what `gradvitals train` makes of targets, and what it says of a network that has learnt no more
// than a constant. Oracles: tables written here, and the texts below.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/app/run_train.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

/// 150 points in three clouds, with what `name_of` calls the cloud.
template <class Name>
std::string write_clouds(const TemporaryFolder& folder, const std::string& header,
                         const Name& name_of) {
  std::ofstream file(folder.file("clouds.csv"));
  file << header;
  for (int i = 0; i < 150; ++i) {
    const int cloud = i % 3;
    file << cloud + (i * 37 % 101) / 200.0 << ',' << (i * 53 % 97) / 200.0 - cloud << ','
         << name_of(cloud) << '\n';
  }
  return folder.file("clouds.csv");
}

const char* flower(int cloud) {
  constexpr const char* kNames[] = {"virginica", "\"setosa\"", "versicolor"};
  return kNames[cloud];
}

TEST(TrainData, NamesBecomeClassesWithOrWithoutAHeader) {
  const TemporaryFolder folder;
  for (const auto& [header, target] :
       {std::pair{"a,b,species\n", "species"}, std::pair{"", "-1"}}) {
    const std::string table = write_clouds(folder, header, flower);
    const ProgramResult result =
        run_train({"--data", table, "--target", target, "--epochs", "30", "--json", "-"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(
        contains(result.err,
                 "no --loss is given: softmax_cross_entropy, since the targets are names of "
                 "classes: setosa, versicolor and virginica\n"))
        << result.err;
    const json report = json::parse(result.out);
    EXPECT_EQ(report["settings"]["loss"], "softmax_cross_entropy");
    EXPECT_EQ(report["settings"]["model"], "2-128-relu-64-relu-3");
    EXPECT_TRUE(contains(report["settings"]["data"].get<std::string>(),
                         "3 targets: classes, setosa, versicolor and virginica"));
    EXPECT_GT(report["validation"]["score"], 0.9);
  }
}

TEST(TrainData, NamesAreNoNumbersForALossOfNumbersNorForOtherCommands) {
  const TemporaryFolder folder;
  const std::string table = write_clouds(folder, "a,b,species\n", flower);
  const ProgramResult mse = run_train({"--data", table, "--target", "species", "--loss", "mse"});
  EXPECT_EQ(mse.exit_code, 2);
  EXPECT_TRUE(contains(mse.err, "learn them with --loss cross_entropy")) << mse.err;
  const ProgramResult compared = run_program({"compare", "--data", table, "--target", "species"});
  EXPECT_EQ(compared.exit_code, 2);
  EXPECT_TRUE(contains(compared.err, "target \"species\" holds names")) << compared.err;
}

TEST(TrainData, AFewWholeNumbersMayBeClasses) {
  const TemporaryFolder folder;
  const auto told = [&](int first, const TrainArguments& more) {
    TrainArguments words = {
        "--data",   write_clouds(folder, "a,b,y\n", [&](int cloud) { return cloud + first; }),
        "--target", "y",
        "--steps",  "2"};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = run_train(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.err;
  };
  EXPECT_TRUE(
      contains(told(0, {}), "they are 0, 1, 2: if these are classes, --loss cross_entropy\n"));
  EXPECT_TRUE(contains(told(3, {}),
                       "they are 3, 4, 5: if these are classes, number them from 0 on and give "
                       "--loss cross_entropy\n"));
  EXPECT_FALSE(contains(told(0, {"--loss", "mse"}), "no --loss"));
  EXPECT_FALSE(contains(told(0, {"--network", "relu"}), "no --loss"));
  const std::string points = write_points(folder);
  EXPECT_TRUE(contains(run_train({"--data", points, "--target", "y", "--steps", "2"}).err,
                       "they are 0, 1: if these are classes, --loss bce_with_logits\n"));
  EXPECT_TRUE(contains(
      run_train({"--data", points, "--target", "y", "--steps", "2", "--network", "relu"}).err,
      "they are 0, 1: if these are classes, --loss bce\n"));
}

TEST(TrainData, TargetsThatAreAllTheSameTeachNothingAndPrintNoNan) {
  const TemporaryFolder folder;
  const std::string table = write_clouds(folder, "a,b,y\n", [](int) { return 3; });
  const ProgramResult result = run_train({"--data", table, "--target", "y", "--steps", "20"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.err,
                       "all targets of " + table + " are the same: there is nothing to learn\n"))
      << result.err;
  EXPECT_FALSE(contains(result.err + result.out, "nan")) << result.out;
  EXPECT_FALSE(contains(result.out, "constant")) << result.out;
}

TEST(TrainData, ASetWithATestSetHasNothingElseHeldOut) {
  const ProgramResult result = run_train({"--data", "fashion-mnist", "--validation", "0.2"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--validation cannot go with --data fashion-mnist"))
      << result.err;
}

TEST(TrainData, ANetworkThatHasLearntAConstantIsNotCalledHealthyAlone) {
  // SGD does not reach the first layers of the sigmoid network; its last bias finds the mean.
  const TrainArguments arguments = {"--network", "sigmoid", "--optimizer",
                                    "sgd",       "--steps", "5000"};
  const ProgramResult result = run_train(arguments);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "is healthy at its end; ")) << result.out;
  EXPECT_TRUE(
      contains(result.out, " But the network has learnt no more than a constant: its loss is "))
      << result.out;
  EXPECT_TRUE(contains(result.out, "   Train for more steps or with a larger learning rate, or"))
      << result.out;
  const json report = train_json(arguments);
  EXPECT_EQ(report["constant_prediction"]["is_beaten"], false);
  EXPECT_GT(report["constant_prediction"]["loss"],
            0.9 * report["constant_prediction"]["constant_loss"].get<double>());
}

TEST(TrainData, ANetworkThatHasLearntIsCalledHealthy) {
  const ProgramResult result = run_train({"--network", "relu", "--steps", "200"});
  EXPECT_TRUE(contains(result.out, "✅ OK: The run was healthy over 200 steps")) << result.out;
  EXPECT_FALSE(contains(result.out, "constant")) << result.out;
}

}  // namespace
}  // namespace gradvitals::test
