// Contract: `gradvitals checkup MODEL --data DATA`. Oracle: the recorded networks
// (tests/data/golden/models), NumPy and PyTorch in float64.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/io/safetensors.h"
#include "tests/app/run_program.h"
#include "tests/framework/io/input_files.h"
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
  sick.insert(sick.end(), {"--fail-on", "warning"});
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

/// A recorded model as nn.Sequential(Linear, Tanh, Linear, ...).state_dict() would be: its weights
/// under even numbers, and not a word about activations and loss.
void write_state_dict(const std::string& name, const std::string& path) {
  const SafetensorsFile model(golden_path("models", name, ".model.safetensors"));
  std::vector<SafetensorsEntry> tensors = model.tensors();
  for (SafetensorsEntry& tensor : tensors) {
    const std::string rest = tensor.name.substr(std::string("layers.").size());
    const std::size_t dot = rest.find('.');
    tensor.name = std::to_string(2 * std::stoi(rest)) + rest.substr(dot);
  }
  std::ofstream out(path, std::ios::binary);
  write_safetensors(out, tensors);
}

TEST(Checkup, AStateDictOfSequentialIsJudgedAsItsModelIs) {
  const TemporaryFolder folder;
  const std::string model = folder.file("state_dict.safetensors");
  write_state_dict("tanh_odd", model);
  const ProgramResult result = run_program(
      {"checkup", model, "--data", golden_path("models", "tanh_odd", ".data.safetensors"),
       "--activations", "tanh, relu,tanh,linear", "--loss", "mse", "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json::parse(result.out).at("metrics"), checkup_json("tanh_odd").at("metrics"));
}

TEST(Checkup, OneWordStandsForTheHiddenLayersBeforeALinearHead) {
  const TemporaryFolder folder;
  const std::string model = folder.file("state_dict.safetensors");
  write_state_dict("tanh_odd", model);
  const auto metrics_with = [&](const std::string& activations) {
    const ProgramResult result = run_program(
        {"checkup", model, "--data", golden_path("models", "tanh_odd", ".data.safetensors"),
         "--activations", activations, "--loss", "mse", "--json", "-"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out).at("metrics");
  };
  EXPECT_EQ(metrics_with("tanh"), metrics_with("tanh,tanh,tanh,linear"));
}

TEST(Checkup, AMissingSettingIsRequestedWithTheLineToType) {
  const TemporaryFolder folder;
  const std::string model = folder.file("state_dict.safetensors");
  write_state_dict("tanh_odd", model);
  const ProgramResult result = run_program({"checkup", model, "--data", "x.safetensors"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("does not say its activations and loss"), std::string::npos);
  EXPECT_NE(result.err.find("gradvitals checkup " + model +
                            " --data x.safetensors --activations relu --loss mse"),
            std::string::npos)
      << result.err;
}

TEST(Checkup, AnOptionThatContradictsTheFileIsRefused) {
  std::vector<std::string> command = checkup("tanh_odd");
  command.insert(command.end(), {"--activations", "relu"});
  const ProgramResult result = run_program(command);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("its metadata says activations tanh,relu,tanh,linear, but "
                            "--activations says relu,relu,relu,linear"),
            std::string::npos)
      << result.err;
}

TEST(Checkup, AWordThatIsUnknownIsToldWithItsOption) {
  const TemporaryFolder folder;
  const std::string model = folder.file("state_dict.safetensors");
  write_state_dict("tanh_odd", model);
  const ProgramResult result = run_program(
      {"checkup", model, "--data", "x.safetensors", "--activations", "swish", "--loss", "mse"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--activations: \"swish\" is not one of"), std::string::npos)
      << result.err;
}

TEST(Checkup, ActivationsOfTheWrongCountAreToldWithTheRightOne) {
  const TemporaryFolder folder;
  const std::string model = folder.file("state_dict.safetensors");
  write_state_dict("tanh_odd", model);
  const ProgramResult result = run_program({"checkup", model, "--data", "x.safetensors",
                                            "--activations", "relu,linear", "--loss", "MSELoss"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--activations: 2 given, 4 expected, one for each layer"),
            std::string::npos)
      << result.err;
}

/// Two inputs and what a classifier of three classes is to say, as a file.
std::string classified(const std::string& dtype, const std::string& shape,
                       const std::string& labels) {
  const std::string x = raw(1.0F) + raw(-2.0F) + raw(0.5F) + raw(3.0F);
  return safetensors_bytes(
      R"({"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"y":{"dtype":")" + dtype +
          R"(","shape":)" + shape + R"(,"data_offsets":[16,)" + std::to_string(16 + labels.size()) +
          "]}}",
      x + labels);
}

TEST(Checkup, ClassIndicesGiveWhatOneHotRowsGive) {
  const TemporaryFile model(
      safetensors_bytes(R"({"0.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}})",
                        raw(0.1F) + raw(-0.2F) + raw(0.3F) + raw(0.7F) + raw(-0.5F) + raw(0.6F)));
  const auto metrics_of = [&](const TemporaryFile& data) {
    const ProgramResult result =
        run_program({"checkup", model.path(), "--data", data.path(), "--activations", "linear",
                     "--loss", "CrossEntropyLoss", "--json", "-"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out).at("metrics");
  };
  const TemporaryFile indices(
      classified("I64", "[2]", raw(std::int64_t{2}) + raw(std::int64_t{0})));
  const TemporaryFile rows(classified(
      "F32", "[2,3]", raw(0.0F) + raw(0.0F) + raw(1.0F) + raw(1.0F) + raw(0.0F) + raw(0.0F)));
  EXPECT_EQ(metrics_of(indices), metrics_of(rows));
}

TEST(Checkup, OfAConvolutionPointsToDiagnose) {
  const TemporaryFile model(safetensors_bytes(
      R"({"0.weight":{"dtype":"F32","shape":[1,1,2,1],"data_offsets":[0,8]}})", raw(0.0)));
  const ProgramResult result = run_program({"checkup", model.path(), "--data", "x.safetensors",
                                            "--activations", "relu", "--loss", "mse"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("save the gradients and run `gradvitals diagnose` on them"),
            std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace gradvitals::test
