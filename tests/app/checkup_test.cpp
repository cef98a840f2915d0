// Contract: `gradvitals checkup MODEL --data DATA`. Oracle: the recorded networks
// (tests/data/golden/models), NumPy and PyTorch in float64.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/app/run_program.h"
#include "tests/golden/golden_file.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

std::vector<std::string> checkup(const std::string& name) {
  return {"checkup", golden_path("models", name, ".model.safetensors"), "--data",
          golden_path("models", name, ".data.safetensors")};
}

json checkup_json(const std::string& name) {
  std::vector<std::string> command = checkup(name);
  command.insert(command.end(), {"--json", "-"});
  const ProgramResult result = run_program(command);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out);
}

class CheckupGolden : public testing::TestWithParam<std::string> {};

TEST_P(CheckupGolden, JsonHoldsTheRecordedMetrics) {
  const json written = checkup_json(GetParam());
  const json expected = read_expected("models", GetParam());
  EXPECT_EQ(written.at("schema"), "gradvitals.diagnosis/1");
  expect_close(written.at("loss").get<double>(), expected.at("loss").get<double>(), kGoldenNorm);
  expect_close(written.at("metrics").at("gradient_norms").get<std::vector<double>>(),
               expected.at("metrics").at("gradient_norms").get<std::vector<double>>(), kGoldenNorm);
  for (const char* key : {"vanished_layers", "weak_layers", "total_layers"}) {
    EXPECT_EQ(written.at("metrics").at(key), expected.at("metrics").at(key)) << key;
  }
  std::vector<std::string> names;
  for (const json& tensor : written.at("tensors")) {
    if (tensor.at("role") == "gradient") names.push_back(tensor.at("name"));
  }
  EXPECT_EQ(names, expected.at("names").get<std::vector<std::string>>());
  const json& gain = written.at("vital_signs").at("oxygen").at("backward_gain");
  ASSERT_EQ(gain.is_null(), expected.at("backward_gain").is_null());
  if (!gain.is_null()) {
    expect_close(gain.get<double>(), expected.at("backward_gain").get<double>(), kGoldenGain);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, CheckupGolden, testing::ValuesIn(golden_names("models")),
                         [](const auto& network) { return network.param; });

TEST(Checkup, TextIsThatOfOneNetwork) {
  const ProgramResult result = run_program(checkup("deep_sigmoid"));
  EXPECT_EQ(result.exit_code, 0);
  for (const char* part :
       {"GRADIENT HEALTH DIAGNOSIS:", "ROOT CAUSE", "VITAL SIGNS", "vanishing"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(result.out.find("COMPREHENSIVE NETWORK COMPARISON"), std::string::npos);
}

TEST(Checkup, TheGateTripsOnASickNetworkAlone) {
  std::vector<std::string> sick = checkup("sigmoid");
  sick.insert(sick.end(), {"--fail-on", "critical"});
  EXPECT_EQ(run_program(sick).exit_code, 1);
  std::vector<std::string> healthy = checkup("relu");
  healthy.insert(healthy.end(), {"--fail-on", "warning"});
  EXPECT_EQ(run_program(healthy).exit_code, 0);
}

TEST(Checkup, FigureIsDrawnBesideTheText) {
  const TemporaryFolder folder;
  std::vector<std::string> command = checkup("relu");
  command.insert(command.end(), {"--plot", folder.file("a.gp")});
  const ProgramResult result = run_program(command);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(read_file(folder.file("a.gp")).find("layers.0.kernel"), std::string::npos);
}

}  // namespace
}  // namespace gradvitals::test
