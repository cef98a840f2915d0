// Contract: kernels/sim/gpu_model.h, and the memory limit that allocations keep to.
#include "kernels/sim/gpu_model.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/error.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::sim {
namespace {

TEST(SimGpuModel, MemoryIsReadFromItsText) {
  EXPECT_EQ(parse_memory_bytes("1"), 1);
  EXPECT_EQ(parse_memory_bytes("80000000000"), 80'000'000'000);
  for (const char* text : {"", "0", "-1", "1.5", "1 ", "1GB", "99999999999999999999"}) {
    test::expect_invalid([&] { parse_memory_bytes(text); },
                         {"GRADVITALS_SIM_MEMORY_BYTES", text, "bytes from 1 to 2^63 - 1"});
  }
}

TEST(SimGpuModel, ComesFromTheInnermostScopeElseFromTheEnvironment) {
  EXPECT_EQ(current_gpu().memory_bytes, GpuModel{}.memory_bytes);
  ASSERT_EQ(setenv("GRADVITALS_SIM_MEMORY_BYTES", "5000", 1), 0);
  EXPECT_EQ(current_gpu().memory_bytes, 5000);
  {
    const GpuScope outer({.multiprocessors = 132});
    {
      const GpuScope inner({.multiprocessors = 7, .memory_bytes = 6000});
      EXPECT_EQ(gpu::multiprocessor_count(), 7);
      EXPECT_EQ(current_gpu().memory_bytes, 6000);
    }
    EXPECT_EQ(gpu::multiprocessor_count(), 132);
    EXPECT_EQ(current_gpu().memory_bytes, GpuModel{}.memory_bytes);
  }
  EXPECT_EQ(gpu::multiprocessor_count(), GpuModel{}.multiprocessors);
  ASSERT_EQ(unsetenv("GRADVITALS_SIM_MEMORY_BYTES"), 0);
}

TEST(SimDeviceMemory, HoldsAsMuchAsTheGpuAndNoByteMore) {
  const GpuScope scope({.memory_bytes = 1000});
  void* first = gpu::allocate(600);
  EXPECT_THROW(gpu::allocate(401), OutOfMemoryError);
  void* second = gpu::allocate(400);
  EXPECT_THROW(gpu::allocate(1), OutOfMemoryError);
  gpu::deallocate(first);
  first = gpu::allocate(600);
  gpu::deallocate(first);
  gpu::deallocate(second);
}

TEST(SimDeviceMemory, MoreThanAnyGpuHasIsRefusedWithoutAsking) {
  EXPECT_THROW(gpu::allocate(std::int64_t{1} << 62), OutOfMemoryError);
}

}  // namespace
}  // namespace gradvitals::sim
