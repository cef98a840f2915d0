// Contract: framework/io/gradient_dump.h. Oracle: files made here, shapes worked out by hand.
#include "framework/io/gradient_dump.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "framework/io/safetensors.h"
#include "tests/framework/io/input_files.h"
#include "tests/framework/io/model_files.h"
#include "tests/support/devices.h"

namespace gradvitals::test {
namespace {

class GradientDumpTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, GradientDumpTest, all_devices(), device_name);

TEST_P(GradientDumpTest, EveryTensorIsAGradientWithItsUnitsInOneDimension) {
  const TemporaryFile file(file_of({zeros("conv", {2, 3, 5}),
                                    zeros("scalar", {}),
                                    zeros("bias", {7}),
                                    zeros("none", {4, 0}),
                                    {"half", {1, 2}, "abcd", DType::kFloat16},
                                    zeros("conv/kernel", {2, 3, 5}),
                                    zeros("conv/kernel:0", {2, 3, 5}),
                                    zeros("['params']['Conv_0']['kernel']", {2, 3, 5})}));
  const SafetensorsFile contents(file.path());
  const GradientDump dump(stream(), contents.tensors());
  const std::span<const TensorView> views = dump.views();
  ASSERT_EQ(views.size(), 8U);
  const auto expect = [&](std::size_t i, std::string_view name, std::int64_t rows,
                          std::int64_t cols, std::int64_t channels) {
    EXPECT_EQ(views[i].name, name);
    EXPECT_EQ(views[i].role, Role::kGradient);
    EXPECT_EQ(views[i].rows, rows) << name;
    EXPECT_EQ(views[i].cols, cols) << name;
    EXPECT_EQ(views[i].channels, channels) << name;
    EXPECT_EQ(views[i].count, rows * cols) << name;
    EXPECT_EQ(views[i].layer, -1);
    EXPECT_EQ(views[i].device, Device(GetParam()));
    EXPECT_NE(views[i].data, nullptr) << name;
  };
  expect(0, "conv", 2, 15, 3);
  expect(1, "scalar", 1, 1, 0);
  expect(2, "bias", 1, 7, 0);
  expect(3, "none", 4, 0, 0);
  expect(4, "half", 1, 2, 2);
  expect(5, "conv/kernel", 6, 5, 3);
  expect(6, "conv/kernel:0", 6, 5, 3);
  expect(7, "['params']['Conv_0']['kernel']", 6, 5, 3);
  EXPECT_EQ(views[4].dtype, DType::kFloat16);
  std::string bytes(4, ' ');
  copy_to_host(stream(), views[4].data, 4, bytes.data());
  EXPECT_EQ(bytes, "abcd");
}

TEST_P(GradientDumpTest, DimensionsBesideAZeroDoNotOverflow) {
  const std::int64_t huge = std::int64_t{1} << 62;
  const TemporaryFile file(file_of({{"none", {0, huge, 3}, ""}}));
  const SafetensorsFile contents(file.path());
  const GradientDump dump(stream(), contents.tensors());
  EXPECT_EQ(dump.views()[0].rows, 0);
  EXPECT_EQ(dump.views()[0].cols, 0);
  EXPECT_EQ(dump.views()[0].count, 0);
}

}  // namespace
}  // namespace gradvitals::test
