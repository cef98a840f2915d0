// Contract: kernels/runtime/cuda/grid.cuh. Oracle: by hand.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "kernels/runtime/cuda/block_reduce.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/error.h"

namespace gradvitals::sim {
namespace {

__global__ void empty_kernel() {}

TEST(SimGrid, BlocksCoverEveryItem) {
  EXPECT_EQ(blocks_for(0, 256), 0u);
  EXPECT_EQ(blocks_for(1, 256), 1u);
  EXPECT_EQ(blocks_for(256, 256), 1u);
  EXPECT_EQ(blocks_for(257, 256), 2u);
  EXPECT_EQ(blocks_for((std::int64_t{1} << 31) + 1, 256), (1u << 23) + 1);
  EXPECT_EQ(blocks_for((std::int64_t{1} << 39) - 256, 256), (1u << 31) - 1);
}

TEST(SimGrid, MoreItemsThanAGridHoldsAreRefusedByTheLaunch) {
  // Of which the last 32 bits would be 0 and 1.
  for (const std::int64_t blocks : {std::int64_t{1} << 31, std::int64_t{1} << 32,
                                    (std::int64_t{1} << 32) + 1, std::int64_t{1} << 34}) {
    EXPECT_THROW(gpu::launch(empty_kernel, {blocks_for(blocks * 1024, 1024), 32}, {}), CudaError)
        << blocks;
  }
}

TEST(SimGrid, ASumHasNoMoreBlocksThanItsMemoryHolds) {
  EXPECT_EQ(grid_sum_blocks(0, 1024), 1u);
  EXPECT_EQ(grid_sum_blocks(1025, 1024), 2u);
  EXPECT_EQ(grid_sum_blocks(std::int64_t{1} << 42, 1024), static_cast<unsigned>(kGridSumBlocks));
  EXPECT_EQ(grid_sum_blocks(std::numeric_limits<std::int64_t>::max() - 1024, 1024),
            static_cast<unsigned>(kGridSumBlocks));
}

}  // namespace
}  // namespace gradvitals::sim
