// Contract: framework/tensor.h.
#include "framework/tensor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

using test::expect_invalid;

class TensorTest : public test::DeviceTest {
 protected:
  const std::vector<float> six{1, 2, 3, 4, 5, 6};
};

TEST_P(TensorTest, BringsHostValuesBackUnchanged) {
  const auto tensor = Tensor::from_host<float>(stream(), {2, 3}, six);
  EXPECT_EQ(tensor.to_host<float>(), six);
  EXPECT_EQ(tensor.shape(), Shape({2, 3}));
  EXPECT_EQ(tensor.dtype(), DType::kFloat32);
  EXPECT_EQ(tensor.device(), Device(GetParam()));
}

TEST_P(TensorTest, ZerosAreZero) {
  const Tensor tensor = Tensor::zeros(stream(), {5});
  EXPECT_EQ(tensor.to_host<float>(), std::vector<float>(5, 0.0f));
}

TEST_P(TensorTest, CopiesShareMemory) {
  const auto tensor = Tensor::from_host<float>(stream(), {6}, six);
  const Tensor copy = tensor;
  copy.copy_from_host<float>(stream(), std::vector<float>(6, 9.0f));
  EXPECT_TRUE(copy.shares_memory_with(tensor));
  EXPECT_EQ(tensor.to_host<float>(), std::vector<float>(6, 9.0f));
  EXPECT_FALSE(Tensor::zeros(stream(), {6}).shares_memory_with(tensor));
}

TEST_P(TensorTest, IsSeenAsAMatrixUpToRankTwo) {
  const auto matrix = Tensor::from_host<float>(stream(), {2, 3}, six).as<float>();
  EXPECT_EQ(matrix.rows, 2);
  EXPECT_EQ(matrix.cols, 3);
  const auto vector = Tensor::from_host<float>(stream(), {6}, six).as<float>();
  EXPECT_EQ(vector.rows, 1);
  EXPECT_EQ(vector.cols, 6);
  const auto scalar = Tensor::zeros(stream(), {}).as<float>();
  EXPECT_EQ(scalar.count(), 1);
  const Tensor cube = Tensor::zeros(stream(), {1, 2, 3});
  EXPECT_EQ(cube.flat<float>().count, 6);
  expect_invalid([&] { return cube.as<float>(); }, {"(1, 2, 3)"});
}

TEST_P(TensorTest, HoldsNoElementsWhereADimensionIsZero) {
  const auto tensor = Tensor::from_host<float>(stream(), {0, 3}, {});
  EXPECT_EQ(tensor.count(), 0);
  EXPECT_TRUE(tensor.to_host<float>().empty());
}

TEST_P(TensorTest, NamesShapeAndDtypeThatDoNotFit) {
  expect_invalid(
      [&] {
        return Tensor::from_host<float>(stream(), {2, 2}, six);
      },
      {"6 values", "(2, 2)"});
  const auto tensor = Tensor::from_host<float>(stream(), {2, 3}, six);
  expect_invalid([&] { return tensor.to_host<double>(); }, {"(2, 3)", "F32", "F64"});
  expect_invalid([&] { return tensor.as<double>(); }, {"F32", "F64"});
  expect_invalid([&] { return tensor.item(); }, {"(2, 3)", "6 elements"});
}

TEST_P(TensorTest, AStreamOfAnotherDeviceIsRefusedAndBothAreNamed) {
  const DeviceType other_device =
      GetParam() == DeviceType::kCpu ? DeviceType::kSim : DeviceType::kCpu;
  if (!unavailable_reason(other_device).empty()) GTEST_SKIP() << unavailable_reason(other_device);
  Stream other({.device = other_device});
  const auto tensor = Tensor::from_host<float>(stream(), {1}, std::vector{2.5f});
  const std::string tensor_on = "on device " + std::string(name(GetParam()));
  const std::string stream_on = "the stream on " + std::string(name(other_device));
  const auto overwrite = [&] {
    tensor.copy_from_host<float>(other, std::vector{1.0f});
    return 0;
  };
  expect_invalid(overwrite, {"copy_from_host", "(1,)", tensor_on, stream_on});
  EXPECT_EQ(tensor.item(), 2.5);
}

TEST_P(TensorTest, ItemIsTheOnlyElement) {
  EXPECT_EQ(Tensor::from_host<float>(stream(), {}, std::vector{2.5f}).item(), 2.5);
  EXPECT_EQ(Tensor::from_host<double>(stream(), {1, 1}, std::vector{-1e-300}).item(), -1e-300);
}

INSTANTIATE_TEST_SUITE_P(Devices, TensorTest, test::all_devices(), test::device_name);

}  // namespace
}  // namespace gradvitals
