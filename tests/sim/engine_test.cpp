// Contract: kernels/sim/engine.h: launches, blocks, barriers, memory. Oracle: CUDA's programming
// guide, by hand.
#include "kernels/sim/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/sim/ready_set.h"
#include "tests/sim/device_array.h"

namespace gradvitals::sim {
namespace {

__global__ void write_index_kernel(uint3* thread, uint3* block) {
  const unsigned block_number = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned number = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned i = block_number * blockDim.x * blockDim.y * blockDim.z + number;
  thread[i] = threadIdx;
  block[i] = blockIdx;
}

TEST(SimEngine, RunsEveryThreadOfAGridInThreeDimensions) {
  const dim3 grid(2, 3, 4);
  const dim3 block(5, 3, 2);
  constexpr unsigned kCount = 24 * 30;
  const DeviceArray<uint3> thread(kCount);
  const DeviceArray<uint3> block_index(kCount);
  gpu::launch(write_index_kernel, {grid, block}, {}, thread.data(), block_index.data());
  const std::vector<uint3> threads = thread.download();
  const std::vector<uint3> blocks = block_index.download();
  for (unsigned i = 0; i < kCount; ++i) {
    const unsigned in_block = i % 30;
    ASSERT_EQ(threads[i].x, in_block % 5);
    ASSERT_EQ(threads[i].y, in_block / 5 % 3);
    ASSERT_EQ(threads[i].z, in_block / 15);
    ASSERT_EQ(blocks[i].x, i / 30 % 2);
    ASSERT_EQ(blocks[i].y, i / 60 % 3);
    ASSERT_EQ(blocks[i].z, i / 180);
  }
}

__global__ void vote_kernel(int* results) {
  const int is_third = threadIdx.x % 3 == 0 ? 1 : 0;
  const int count = __syncthreads_count(is_third);
  const int all = __syncthreads_and(is_third);
  const int always = __syncthreads_and(1);
  const int any = __syncthreads_or(threadIdx.x == 70 ? 1 : 0);
  const int never = __syncthreads_or(0);
  if (threadIdx.x != blockDim.x - 1) return;
  results[0] = count;
  results[1] = all;
  results[2] = always;
  results[3] = any;
  results[4] = never;
}

TEST(SimEngine, BarriersCountAndCombinePredicates) {
  const DeviceArray<int> results(5);
  gpu::launch(vote_kernel, {1, 100}, {}, results.data());
  EXPECT_EQ(results.download(), (std::vector<int>{34, 0, 1, 1, 0}));
}

__global__ void shared_memory_kernel(unsigned* is_fresh, float* sums) {
  GPU_SHARED(float, tile, [2][1024]);
  float* dynamic = gpu::dynamic_shared<float>();
  const unsigned t = threadIdx.x;
  const bool is_poisoned = __float_as_uint(tile[0][t]) == 0xFFFFFFFF &&
                           __float_as_uint(tile[1][t]) == 0xFFFFFFFF &&
                           __float_as_uint(dynamic[t]) == 0xFFFFFFFF;
  is_fresh[blockIdx.x * blockDim.x + t] = is_poisoned ? 1 : 0;
  tile[1][t] = static_cast<float>(t);
  dynamic[t] = 1;
  __syncthreads();
  if (t > 0) return;
  float sum = 0;
  for (unsigned i = 0; i < blockDim.x; ++i) sum += tile[1][i] + dynamic[i];
  sums[blockIdx.x] = sum;
}

TEST(SimEngine, SharedMemoryIsOneArrayPerBlockAndFreshInEach) {
  constexpr unsigned kBlocks = 3;
  const DeviceArray<unsigned> is_fresh(kBlocks * kMaxBlockThreads);
  const DeviceArray<float> sums(kBlocks);
  gpu::launch(shared_memory_kernel, {kBlocks, kMaxBlockThreads, kMaxBlockThreads * sizeof(float)},
              {}, is_fresh.data(), sums.data());
  EXPECT_EQ(is_fresh.download(), std::vector<unsigned>(kBlocks * kMaxBlockThreads, 1));
  EXPECT_EQ(sums.download(), std::vector<float>(kBlocks, 1023 * 512 + 1024));
}

__global__ void no_dynamic_memory_kernel(int* is_null) {
  *is_null = gpu::dynamic_shared<float>() == nullptr ? 1 : 0;
}

TEST(SimEngine, DynamicSharedMemoryIsNullWhereTheLaunchGivesNone) {
  const DeviceArray<int> is_null(1);
  gpu::launch(no_dynamic_memory_kernel, {1, 1}, {}, is_null.data());
  EXPECT_EQ(is_null.download(), std::vector<int>{1});
}

__global__ void atomics_kernel(unsigned* counts, float* sum) {
  atomicAdd(&counts[0], 2u);
  atomicMax(&counts[1], threadIdx.x);
  atomicMin(&counts[2], threadIdx.x + 5);
  atomicOr(&counts[3], 1u << threadIdx.x % 8);
  atomicInc(&counts[4], 9u);
  if (threadIdx.x == 3) atomicExch(&counts[5], 7u);
  if (threadIdx.x == 4) atomicCAS(&counts[6], 0u, 8u);
  atomicAdd(sum, 0.5f);
}

TEST(SimEngine, AtomicsCombineWhatAllThreadsGive) {
  const DeviceArray<unsigned> counts(std::vector<unsigned>{0, 0, 100, 0, 0, 0, 0});
  const DeviceArray<float> sum(std::vector<float>{0});
  gpu::launch(atomics_kernel, {2, 64}, {}, counts.data(), sum.data());
  EXPECT_EQ(counts.download(), (std::vector<unsigned>{256, 63, 5, 255, 8, 7, 8}));
  EXPECT_EQ(sum.download(), std::vector<float>{64});
}

// ---- What goes wrong

/// The message of the exception, which must be an E.
template <class E, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

__global__ void nothing_kernel() {}

TEST(SimEngine, LaunchThatNoGpuAcceptsIsACudaErrorOfItsLine) {
  const std::vector<LaunchShape> shapes = {
      {0, 32}, {1, 0}, {1, 1025}, {1, dim3(1, 1, 65)}, {dim3(1, 65536), 32}, {1, 32, 200 * 1024},
  };
  for (const LaunchShape& shape : shapes) {
    const std::string message =
        message_of<CudaError>([&] { gpu::launch(nothing_kernel, shape, {}); });
    EXPECT_NE(message.find("cudaErrorInvalidConfiguration"), std::string::npos) << message;
    EXPECT_NE(message.find("engine_test.cpp:"), std::string::npos) << message;
  }
}

__global__ void large_array_kernel() {
  GPU_SHARED(double, first, [4096]);
  GPU_SHARED(double, second, [4096]);
  first[threadIdx.x] = second[threadIdx.x];
}

TEST(SimEngine, MoreStaticSharedMemoryThanCudaHasIsAFault) {
  const std::string message = message_of<KernelFault>([] {
    gpu::launch(large_array_kernel, {1, 1}, {});
  });
  EXPECT_NE(message.find("48 KB"), std::string::npos) << message;
}

struct CountsItsEnd {
  int* ended;
  ~CountsItsEnd() { atomicAdd(ended, 1); }
};

__global__ void throwing_kernel(int* ended) {
  const CountsItsEnd counts{ended};
  if (threadIdx.x == 33) throw std::domain_error("from thread 33");
  __syncthreads();
}

__global__ void deadlocked_kernel(int* ended) {
  const CountsItsEnd counts{ended};
  if (threadIdx.x != 5) __syncthreads();
}

__global__ void count_kernel(unsigned* count) {
  __syncthreads();
  atomicAdd(count, 1u);
}

void expect_that_launches_work() {
  const DeviceArray<unsigned> count(std::vector<unsigned>{0});
  gpu::launch(count_kernel, {3, 96}, {}, count.data());
  EXPECT_EQ(count.download(), std::vector<unsigned>{3 * 96});
}

TEST(SimEngine, ExceptionOfAThreadEndsTheLaunchAndLeavesEveryFrame) {
  int ended = 0;
  const std::string message = message_of<std::domain_error>([&] {
    gpu::launch(throwing_kernel, {2, 64}, {}, &ended);
  });
  EXPECT_EQ(message, "from thread 33");
  EXPECT_EQ(ended, 34);  // Threads 34 to 63 had not begun.
  expect_that_launches_work();
}

TEST(SimEngine, FaultLeavesEveryFrameAndTheEngineUsable) {
  int ended = 0;
  message_of<KernelFault>([&] { gpu::launch(deadlocked_kernel, {2, 64}, {}, &ended); });
  EXPECT_EQ(ended, 64);
  expect_that_launches_work();
}

__global__ void launching_kernel() {
  gpu::launch(nothing_kernel, {1, 1}, {});
}

TEST(SimEngine, KernelCannotLaunchAKernel) {
  const std::string message = message_of<std::logic_error>([] {
    gpu::launch(launching_kernel, {1, 1}, {});
  });
  EXPECT_EQ(message, "a kernel cannot launch a kernel");
  expect_that_launches_work();
}

TEST(SimEngine, SeveralHostThreadsLaunchSideBySide) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 10; ++round) expect_that_launches_work();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SimDeviceMemory, IsAlignedPoisonedCopiedAndZeroed) {
  constexpr std::int64_t kBytes = 13;
  void* data = gpu::allocate(kBytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 256, 0u);
  std::vector<unsigned char> bytes(kBytes);
  gpu::copy_async(bytes.data(), data, kBytes, {});
  EXPECT_EQ(bytes, std::vector<unsigned char>(kBytes, 0xFF));
  gpu::zero_async(data, kBytes - 1, {});
  gpu::copy_async(bytes.data(), data, kBytes, {});
  EXPECT_EQ(bytes[kBytes - 2], 0);
  EXPECT_EQ(bytes[kBytes - 1], 0xFF);
  gpu::deallocate(data);
  gpu::deallocate(nullptr);
}

}  // namespace
}  // namespace gradvitals::sim
