// Contract: every command that computes takes every device, and the devices agree: verdicts and
// counts are equal, gradient norms are near. Oracle: the cpu device. Tolerances: the agreement of
// the notebook's networks; for other networks that of float32 summation orders.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/runtime/device.h"
#include "tests/app/run_program.h"
#include "tests/golden/golden_file.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;
using Command = std::vector<std::string>;

json run_on(DeviceType device, Command command) {
  command.insert(command.end(), {"--device", std::string(name(device)), "--json", "-"});
  const ProgramResult result = run_program(command);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  return json::parse(result.out);
}

Command checkup_of(const std::string& model) {
  return {"checkup", golden_path("models", model, ".model.safetensors"), "--data",
          golden_path("models", model, ".data.safetensors")};
}

Command diagnose(const std::string& dump) {
  return {"diagnose", golden_path("gradients", dump, ".safetensors")};
}

std::vector<double> gradient_norms(const json& network) {
  return network.at("metrics").at("gradient_norms").get<std::vector<double>>();
}

/// One network, judged on a device and on cpu.
void expect_same_diagnosis(const json& got, const json& expected, DeviceType device) {
  EXPECT_EQ(got.at("device"), name(device));
  EXPECT_EQ(expected.at("device"), "cpu");
  for (const char* key : {"verdict", "severity", "seed_score"}) {
    EXPECT_EQ(got.at(key), expected.at(key)) << key;
  }
}

class DevicesTest : public testing::TestWithParam<DeviceType> {
 protected:
  void SetUp() override { skip_where_absent(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Devices, DevicesTest, testing::Values(DeviceType::kCuda, DeviceType::kSim),
                         device_name);

TEST_P(DevicesTest, CompareAgreesWithCpu) {
  for (const char* head : {"sigmoid", "linear"}) {
    const Tolerance third =
        head == std::string_view("linear") ? kAgreementExplodingLinearHead : kAgreementExploding;
    const Tolerance tolerances[] = {kAgreementHealthyAndVanishing, kAgreementHealthyAndVanishing,
                                    third};
    for (const char* seed : {"0", "1", "42"}) {
      const Command command = {"compare", "--seed", seed, "--head", head};
      const json got = run_on(GetParam(), command).at("networks");
      const json expected = run_on(DeviceType::kCpu, command).at("networks");
      ASSERT_EQ(got.size(), std::size(tolerances));
      for (std::size_t i = 0; i < got.size(); ++i) {
        SCOPED_TRACE(testing::Message() << got[i].at("name") << ", " << seed << ", " << head);
        expect_same_diagnosis(got[i], expected[i], GetParam());
        ASSERT_FALSE(gradient_norms(expected[i]).empty());
        expect_close(gradient_norms(got[i]), gradient_norms(expected[i]), tolerances[i]);
      }
    }
  }
}

TEST_P(DevicesTest, CheckupAgreesWithCpu) {
  for (const std::string& model : golden_names("models")) {
    SCOPED_TRACE(model);
    const json got = run_on(GetParam(), checkup_of(model));
    const json expected = run_on(DeviceType::kCpu, checkup_of(model));
    expect_same_diagnosis(got, expected, GetParam());
    ASSERT_FALSE(gradient_norms(expected).empty());
    expect_close(gradient_norms(got), gradient_norms(expected), kGoldenNorm);
  }
}

TEST_P(DevicesTest, DiagnoseAgreesWithCpu) {
  for (const std::string& dump : golden_names("gradients")) {
    SCOPED_TRACE(dump);
    const json got = run_on(GetParam(), diagnose(dump));
    const json expected = run_on(DeviceType::kCpu, diagnose(dump));
    expect_same_diagnosis(got, expected, GetParam());
    ASSERT_FALSE(expected.at("tensors").empty());
    ASSERT_EQ(got.at("tensors").size(), expected.at("tensors").size());
    for (std::size_t i = 0; i < expected.at("tensors").size(); ++i) {
      const json& tensor = got.at("tensors")[i];
      const json& wanted = expected.at("tensors")[i];
      for (const char* key :
           {"name", "dtype", "count", "max_abs", "min_abs_nonzero", "zero_count", "subnormal_count",
            "nan_count", "inf_count", "first_nonfinite_index"}) {
        EXPECT_EQ(tensor.at(key), wanted.at(key)) << key << " of " << wanted.at("name");
      }
      ASSERT_EQ(tensor.at("l2_norm").is_null(), wanted.at("l2_norm").is_null());
      if (wanted.at("l2_norm").is_null()) continue;
      expect_close(tensor.at("l2_norm").get<double>(), wanted.at("l2_norm").get<double>(),
                   kSumSquares);
    }
  }
}

void expect_one_line(const ProgramResult& result, const std::string& start) {
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  EXPECT_TRUE(result.err.starts_with(start)) << result.err;
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {{"compare"}, checkup_of("relu"), diagnose("convnet")};
  return all;
}

TEST(DeviceErrors, CudaWithoutAGpuIsOneLineWithItsReason) {
  for (Command command : commands()) {
    command.insert(command.end(), {"--device", "cuda"});
    // Hides the GPU of a machine that has one.
    const ProgramResult result = run_program(command, {"CUDA_VISIBLE_DEVICES="});
    const std::string start = "gradvitals: device cuda cannot be used: ";
    expect_one_line(result, start);
    EXPECT_GT(result.err.size(), start.size() + 1) << "no reason";
  }
}

TEST(DeviceErrors, SimWithTooLittleMemoryIsOneLineThatSaysHowMuch) {
  if (!is_available(DeviceType::kSim)) GTEST_SKIP() << unavailable_reason(DeviceType::kSim);
  // The first block of all, one on the way, and one of the last.
  for (const char* bytes : {"1", "20000", "300000"}) {
    const ProgramResult result = run_program({"compare", "--device", "sim"},
                                             {std::string("GRADVITALS_SIM_MEMORY_BYTES=") + bytes});
    expect_one_line(result,
                    "gradvitals: cudaMalloc: cudaErrorMemoryAllocation (2), out of memory: ");
  }
  expect_one_line(
      run_program({"compare", "--device", "sim"}, {"GRADVITALS_SIM_MEMORY_BYTES=1GB"}),
      "gradvitals: GRADVITALS_SIM_MEMORY_BYTES: '1GB' is not a number of bytes from 1 to 2^63 - 1");
}

}  // namespace
}  // namespace gradvitals::test
