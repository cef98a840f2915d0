// Contract: element counts are 64 bits wide: beyond 2^31 nothing wraps. Oracle: by hand. Tolerance:
// none.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "kernels/ops/elementwise.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/error.h"
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/tensor_stats_layout.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/tensor_records.h"

namespace gradvitals::test {
namespace {

class LargeCountTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, LargeCountTest, all_devices(), device_name);

TEST_P(LargeCountTest, APlanCountsChunksAndNodesOfLargeTensors) {
  constexpr std::int64_t kCount = (std::int64_t{1} << 32) + 1;
  constexpr std::int64_t kChunks = kCount / TensorStatsLayout::kChunkElements + 1;
  constexpr std::int64_t kNodes = TensorStatsLayout::tree_nodes(kChunks);
  const Buffer memory(stream(), 64);  // Not read here.
  const TensorView view{.name = "large",
                        .data = memory.data(),
                        .count = kCount,
                        .rows = 1,
                        .cols = kCount,
                        .device = stream().device()};
  const std::vector<TensorView> views(3, view);
  const TensorStatsPlan plan(stream(), views);
  EXPECT_EQ(plan.element_count(), 3 * kCount);
  EXPECT_EQ(plan.layout().chunk_count(), 3 * kChunks);
  EXPECT_EQ(plan.layout().entries()[2].first_chunk, 2 * kChunks);
  EXPECT_EQ(plan.layout().first_gradient_node(), 3 * kNodes);
}

TEST_P(LargeCountTest, APlanOfMoreThanAGpuCanCountIsRefused) {
  if (stream().device().type == DeviceType::kCpu) GTEST_SKIP() << "the cpu counts further";
  const Buffer memory(stream(), 64);  // Not read here.
  constexpr std::int64_t kCount = (std::int64_t{1} << 43) + 1;
  const TensorView view{.name = "huge",
                        .data = memory.data(),
                        .count = kCount,
                        .rows = 1,
                        .cols = kCount,
                        .device = stream().device()};
  expect_invalid([&] { TensorStatsPlan(stream(), std::span(&view, 1)); },
                 {"tensor_stats", "1 tensors of 8796093022209 elements are too many"});
}

/// On a GPU alone: elsewhere it takes minutes.
TEST(CudaLargeCount, StatisticsAndSumsReachEveryElement) {
  skip_where_absent(DeviceType::kCuda);
  if (::testing::Test::IsSkipped()) return;
  constexpr std::int64_t kCount = (std::int64_t{1} << 31) + 5;
  Stream stream({.device = DeviceType::kCuda});
  std::optional<Buffer> memory;
  try {
    memory.emplace(stream, kCount * static_cast<std::int64_t>(sizeof(float)));
  } catch (const OutOfMemoryError& error) {
    GTEST_SKIP() << error.what();
  }
  auto* const values = static_cast<float*>(memory->data());
  fill_zero(stream, values, memory->bytes());
  const float last[] = {3.0f, std::numeric_limits<float>::quiet_NaN(), -4.0f};
  float* const end = values + kCount - std::size(last);
  copy_to_device(stream, last, sizeof(last), end);

  const VectorView<float> all{values, kCount};
  add<float>(stream, {all, all, all});
  float doubled[std::size(last)] = {};
  copy_to_host(stream, end, sizeof(doubled), doubled);
  EXPECT_EQ(doubled[0], 6.0f);
  EXPECT_TRUE(std::isnan(doubled[1]));
  EXPECT_EQ(doubled[2], -8.0f);

  const TensorView view{.name = "large",
                        .data = values,
                        .count = kCount,
                        .rows = 1,
                        .cols = kCount,
                        .device = DeviceType::kCuda};
  EXPECT_EQ(tensor_records(stream, std::span(&view, 1))[0],
            (TensorStats{.count = kCount,
                         .sum_squares = 100.0,
                         .sum = -2.0,
                         .max_abs = 8.0,
                         .min_abs_nonzero = 6.0,
                         .zero_count = kCount - 3,
                         .nan_count = 1,
                         .first_nonfinite_index = kCount - 2}));
}

}  // namespace
}  // namespace gradvitals::test
