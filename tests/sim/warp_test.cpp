// Contract: kernels/sim/cuda_sync.h: what each lane of a warp gets. Oracle: the sections on warp
// shuffle, vote and reduce of CUDA's programming guide, by hand.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "kernels/runtime/cuda/gpu.h"
#include "tests/sim/device_array.h"

namespace gradvitals::sim {
namespace {

constexpr unsigned kFull = 0xFFFFFFFF;
constexpr int kLanes = 32;

using LaneFunction = float (*)(int lane);

__global__ void per_lane_kernel(LaneFunction function, float* y) {
  y[threadIdx.x] = function(static_cast<int>(threadIdx.x) % kLanes);
}

/// What the lanes of two warps get; both must get the same.
std::vector<float> per_lane(LaneFunction function) {
  const DeviceArray<float> y(2 * kLanes);
  gpu::launch(per_lane_kernel, {1, 2 * kLanes}, {}, function, y.data());
  std::vector<float> values = y.download();
  const std::vector<float> second(values.begin() + kLanes, values.end());
  values.resize(kLanes);
  EXPECT_EQ(second, values);
  return values;
}

std::vector<float> expected(const std::function<int(int lane)>& source) {
  std::vector<float> values;
  for (int lane = 0; lane < kLanes; ++lane) values.push_back(static_cast<float>(source(lane)));
  return values;
}

float value_of(int lane) {
  return static_cast<float>(lane);
}

TEST(SimShuffle, ReadsTheLaneThatEachOneNames) {
  const auto got = per_lane([](int lane) { return __shfl_sync(kFull, value_of(lane), 3 * lane); });
  EXPECT_EQ(got, expected([](int lane) { return 3 * lane % 32; }));
}

TEST(SimShuffle, NamesALaneOfItsOwnPartWhereTheWidthIsSmaller) {
  const auto got = per_lane([](int lane) { return __shfl_sync(kFull, value_of(lane), 9, 8); });
  EXPECT_EQ(got, expected([](int lane) { return lane / 8 * 8 + 1; }));
}

TEST(SimShuffle, UpKeepsTheFirstLanesOfEachPart) {
  const auto got = per_lane([](int lane) { return __shfl_up_sync(kFull, value_of(lane), 3, 16); });
  EXPECT_EQ(got, expected([](int lane) { return lane % 16 < 3 ? lane : lane - 3; }));
}

TEST(SimShuffle, DownKeepsTheLastLanesOfEachPart) {
  const auto got =
      per_lane([](int lane) { return __shfl_down_sync(kFull, value_of(lane), 3, 16); });
  EXPECT_EQ(got, expected([](int lane) { return lane % 16 > 12 ? lane : lane + 3; }));
}

TEST(SimShuffle, XorMayReachAnEarlierPartAndNoLaterOne) {
  const auto got =
      per_lane([](int lane) { return __shfl_xor_sync(kFull, value_of(lane), 16, 16); });
  EXPECT_EQ(got, expected([](int lane) { return lane < 16 ? lane : lane - 16; }));
}

TEST(SimShuffle, CarriesEightBytes) {
  const auto got = per_lane([](int lane) {
    const double shuffled = __shfl_xor_sync(kFull, 1e100 * (lane + 1), 1);
    return static_cast<float>(shuffled / 1e100);
  });
  EXPECT_EQ(got, expected([](int lane) { return (lane ^ 1) + 1; }));
}

TEST(SimVote, BallotAnyAndAllSeeThePredicateOfEveryLane) {
  const auto got = per_lane([](int lane) {
    const bool is_ballot = __ballot_sync(kFull, lane % 2) == 0xAAAAAAAA;
    const bool is_any = __any_sync(kFull, lane == 31) == 1 && __any_sync(kFull, 0) == 0;
    const bool is_all = __all_sync(kFull, lane + 1) == 1 && __all_sync(kFull, lane) == 0;
    return is_ballot && is_any && is_all ? 1.0f : 0.0f;
  });
  EXPECT_EQ(got, std::vector<float>(kLanes, 1));
}

TEST(SimReduce, CombinesSignedAndUnsignedValues) {
  const auto got = per_lane([](int lane) {
    const auto bits = static_cast<unsigned>(lane);
    const bool is_signed = __reduce_add_sync(kFull, lane - 20) == -144 &&
                           __reduce_min_sync(kFull, lane - 20) == -20 &&
                           __reduce_max_sync(kFull, lane - 40) == -9;
    const bool is_unsigned = __reduce_add_sync(kFull, 0x10000000u) == 0 &&
                             __reduce_min_sync(kFull, bits + 4) == 4 &&
                             __reduce_max_sync(kFull, 0u - bits) == 0xFFFFFFFF;
    const bool is_bitwise = __reduce_and_sync(kFull, bits | 8u) == 8 &&
                            __reduce_or_sync(kFull, bits) == 31 &&
                            __reduce_xor_sync(kFull, bits + 1) == 32;
    return is_signed && is_unsigned && is_bitwise ? 1.0f : 0.0f;
  });
  EXPECT_EQ(got, std::vector<float>(kLanes, 1));
}

TEST(SimMask, PartsOfAWarpExchangeByThemselves) {
  const auto got = per_lane([](int lane) {
    const unsigned mask = lane < 8 ? 0x000000FFu : 0xFFFFFF00u;
    return static_cast<float>(__popc(__ballot_sync(mask, 1)));
  });
  EXPECT_EQ(got, expected([](int lane) { return lane < 8 ? 8 : 24; }));
}

// The lower lanes meet among themselves while the others wait for the whole warp.
TEST(SimMask, LanesMayWaitForOthersThatExchangeFirst) {
  const auto got = per_lane([](int lane) {
    float value = value_of(lane);
    if (lane % 2 == 0) value = __shfl_xor_sync(0x55555555, value, 2);
    if (lane % 4 == 0) value = __shfl_xor_sync(0x11111111, value, 4);
    return __shfl_sync(kFull, value, 0);
  });
  EXPECT_EQ(got, expected([](int) { return 6; }));
}

__global__ void partial_warp_kernel(float* y) {
  GPU_SHARED(float, tile, [40]);
  tile[threadIdx.x] = static_cast<float>(threadIdx.x);
  __syncwarp();
  y[threadIdx.x] = tile[threadIdx.x ^ 1u];
}

TEST(SimMask, SyncwarpServesALastWarpOfFewLanes) {
  const DeviceArray<float> y(40);
  gpu::launch(partial_warp_kernel, {1, 40}, {}, y.data());
  EXPECT_EQ(y.download()[38], 39);
}

}  // namespace
}  // namespace gradvitals::sim
