// Kernels with one bug each, and beside it the same kernel without: `kPlanted` chooses. x and y
// hold gridDim.x * blockDim.x floats, one per thread, unless a kernel says otherwise.
//
// They are for the engine's tests alone and are never compiled by nvcc: on a GPU several of them
// hang or spoil memory.
#pragma once

#include <cstdint>

#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE::planted {

inline constexpr unsigned kFullMask = 0xFFFFFFFF;
inline constexpr unsigned kThreads = 64;

__device__ __forceinline__ unsigned global_thread() {
  return blockIdx.x * blockDim.x + threadIdx.x;
}

// ---- Seen by comparing schedules

template <bool kPlanted>
__global__ void missing_syncthreads_kernel(const float* x, float* y) {
  GPU_SHARED(float, tile, [kThreads]);
  tile[threadIdx.x] = x[global_thread()];
  if constexpr (!kPlanted) __syncthreads();
  y[global_thread()] = tile[kThreads - 1 - threadIdx.x];
}

/// The barrier at the end of a loop, without which a fast thread overwrites what a slow one still
/// reads.
template <bool kPlanted>
__global__ void missing_syncthreads_before_reuse_kernel(const float* x, float* y) {
  GPU_SHARED(float, tile, [kThreads]);
  float sum = 0;
  for (int round = 1; round <= 3; ++round) {
    tile[threadIdx.x] = static_cast<float>(round) * x[global_thread()];
    __syncthreads();
    sum += tile[(threadIdx.x + 1) % kThreads] - 0.5f * tile[(threadIdx.x + 40) % kThreads];
    if constexpr (!kPlanted) __syncthreads();
  }
  y[global_thread()] = sum;
}

template <bool kPlanted>
__global__ void missing_syncwarp_kernel(const float* x, float* y) {
  GPU_SHARED(float, tile, [kThreads]);
  tile[threadIdx.x] = x[global_thread()];
  if constexpr (!kPlanted) __syncwarp();
  y[global_thread()] = tile[threadIdx.x ^ 1u];
}

// ---- Seen as NaN

template <bool kPlanted>
__global__ void uninitialised_shared_kernel(const float* x, float* y) {
  GPU_SHARED(float, tile, [kThreads]);
  const bool is_written = !kPlanted || threadIdx.x < kThreads - 1;
  if (is_written) tile[threadIdx.x] = x[global_thread()];
  __syncthreads();
  y[global_thread()] = tile[kThreads - 1 - threadIdx.x];
}

/// Lanes 8 to 15 of the lower half ask lanes 16 to 23, which take no part.
template <bool kPlanted>
__global__ void shuffle_from_outside_of_mask_kernel(const float* x, float* y) {
  float value = x[global_thread()];
  if (threadIdx.x % 32 < 16) {
    value += __shfl_down_sync(0x0000FFFF, value, 8, kPlanted ? 32 : 16);
  }
  y[global_thread()] = value;
}

// ---- Seen as an error

template <bool kPlanted>
__global__ void full_mask_in_branch_kernel(const float* x, float* y) {
  float value = x[global_thread()];
  const bool takes_part = threadIdx.x < 40;
  const unsigned mask = __ballot_sync(kFullMask, takes_part ? 1 : 0);
  if (takes_part) value += __shfl_xor_sync(kPlanted ? kFullMask : mask, value, 1);
  __syncthreads();
  y[global_thread()] = value;
}

template <bool kPlanted>
__global__ void lane_outside_of_its_mask_kernel(const float* x, float* y) {
  const float value = x[global_thread()];
  y[global_thread()] = __shfl_xor_sync(kPlanted ? 0x0000FFFFu : kFullMask, value, 1);
}

template <bool kPlanted>
__global__ void exited_thread_at_barrier_kernel(const float* x, float* y) {
  GPU_SHARED(float, tile, [kThreads]);
  const bool has_work = threadIdx.x < 40;
  if (kPlanted && !has_work) return;
  tile[threadIdx.x] = has_work ? x[global_thread()] : 0;
  __syncthreads();
  if (has_work) y[global_thread()] = tile[39 - threadIdx.x];
}

template <bool kPlanted>
__global__ void exited_lane_in_mask_kernel(const float* x, float* y) {
  if (kPlanted && threadIdx.x == 0) return;
  const float value = x[global_thread()];
  y[global_thread()] = __shfl_down_sync(kFullMask, value, 1);
}

template <bool kPlanted>
__global__ void barrier_in_one_branch_kernel(const float* x, float* y) {
  const float value = x[global_thread()];
  if (kPlanted ? threadIdx.x % 2 == 1 : blockIdx.x % 2 == 0) __syncthreads();
  y[global_thread()] = value;
}

template <bool kPlanted>
__global__ void different_barriers_kernel(const float* x, float* y) {
  float value = x[global_thread()];
  if (kPlanted ? threadIdx.x < 32 : blockIdx.x == 0) {
    value += 1;
    __syncthreads();
  } else {
    value -= 1;
    __syncthreads();
  }
  y[global_thread()] = value;
}

// ---- Seen by AddressSanitizer and UndefinedBehaviorSanitizer

/// x and y hold `count` floats, fewer than there are threads.
template <bool kPlanted>
__global__ void global_out_of_bounds_kernel(unsigned count, const float* x, float* y) {
  const unsigned i = global_thread();
  if (i < count || kPlanted) y[i] = i < count ? x[i] : 0;
}

template <bool kPlanted>
__global__ void shared_out_of_bounds_kernel(const float* x, float* y) {
  GPU_SHARED(float, tile, [kThreads]);
  float* row = tile;
  row[threadIdx.x + (kPlanted ? 1 : 0)] = x[global_thread()];
  __syncthreads();
  y[global_thread()] = row[threadIdx.x];
}

template <bool kPlanted>
__global__ void misaligned_vector_kernel(const float* x, float* y) {
  const unsigned first = threadIdx.x == 0 && kPlanted ? 1 : 0;
  const float4 values = *reinterpret_cast<const float4*>(x + first);
  y[global_thread()] = values.x + values.w;
}

// ---- Seen by ThreadSanitizer

template <bool kPlanted>
__global__ void unprotected_shared_count_kernel(const float* x, float* y) {
  GPU_SHARED(unsigned, count);
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  if (x[global_thread()] > 0) {
    if constexpr (kPlanted) {
      ++count;
    } else {
      atomicAdd(&count, 1u);
    }
  }
  __syncthreads();
  y[global_thread()] = static_cast<float>(count);
}

template <bool kPlanted>
__global__ void race_between_blocks_kernel(const float* x, float* y) {
  if (threadIdx.x > 0) return;
  if constexpr (kPlanted) {
    y[0] += x[0];
  } else {
    atomicAdd(&y[0], x[0]);
  }
}

enum class TicketBug : std::uint8_t { kNone, kNoFence, kNotAtomic };

/// y[0] = sum of x[first thread of each block], by the block that finishes last. partials holds
/// gridDim.x floats; *ticket is 0 before and after.
template <TicketBug kBug>
__global__ void last_block_sum_kernel(const float* x, float* partials, unsigned* ticket, float* y) {
  if (threadIdx.x > 0) return;
  partials[blockIdx.x] = x[global_thread()];
  if constexpr (kBug != TicketBug::kNoFence) __threadfence();
  unsigned drawn = 0;
  if constexpr (kBug == TicketBug::kNotAtomic) {
    drawn = (*ticket)++;
  } else {
    drawn = atomicAdd(ticket, 1u);
  }
  if (drawn != gridDim.x - 1) return;
  if constexpr (kBug != TicketBug::kNoFence) __threadfence();
  float sum = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) sum += partials[block];
  y[0] = sum;
  atomicExch(ticket, 0u);
}

}  // namespace gradvitals::GPU_NAMESPACE::planted
