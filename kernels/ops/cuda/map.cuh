// Computes:    out[i] = function(in[i]...)
// Shapes:      out and every input (N)
// DTypes:      float32
// Launch:      one thread per four elements, 256 threads a block, no shared memory, no sync
// Traffic:     4 N bytes per input and output -> bound by memory
// Determinism: an element depends on nothing but its inputs: the same bits wherever it stands
// Edge cases:  N = 0 launches nothing. Where an argument does not start at a multiple of 16 bytes,
//              a thread takes one element. out may be one of the inputs. NaN is up to `function`
// Errors:      CudaError where the launch fails
// Reference:   cpu/map-inl.h
#pragma once

#include <cstdint>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"

namespace gradvitals::GPU_NAMESPACE {

inline constexpr int kMapThreads = 256;
inline constexpr std::int64_t kMapVector = 4;  // 16 bytes, the widest load.

template <class Function, class... Vector>
__device__ __forceinline__ float4 map_vector(const Function& function, const Vector&... in) {
  return make_float4(function(in.x...), function(in.y...), function(in.z...), function(in.w...));
}

template <class Function, class... In>
__global__ void __launch_bounds__(kMapThreads)
    map_kernel(Function function, float* out, std::int64_t count, const In*... in) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kMapThreads + threadIdx.x;
  if (i < count) out[i] = function(in[i]...);
}

template <class Function, class... In>
__global__ void __launch_bounds__(kMapThreads)
    map_vectors_kernel(Function function, float* out, std::int64_t count, const In*... in) {
  const std::int64_t vector = std::int64_t{blockIdx.x} * kMapThreads + threadIdx.x;
  const std::int64_t begin = vector * kMapVector;
  if (begin + kMapVector <= count) {
    reinterpret_cast<float4*>(out)[vector] =
        map_vector(function, reinterpret_cast<const float4*>(in)[vector]...);
    return;
  }
  for (std::int64_t i = begin; i < count; ++i) out[i] = function(in[i]...);
}

/// `function` is a struct of constants with a __device__ float operator()(float...).
template <class Function, class... In>
void map(gpu::Queue queue, const Function& function, float* out, std::int64_t count,
         const In*... in) {
  if (count == 0) return;
  const bool vectors = starts_at_16_bytes(out) && (starts_at_16_bytes(in) && ...);
  const std::int64_t per_block = kMapThreads * (vectors ? kMapVector : 1);
  const gpu::LaunchShape shape{blocks_for(count, per_block), kMapThreads};
  if (vectors) {
    gpu::launch(map_vectors_kernel<Function, In...>, shape, queue, function, out, count, in...);
  } else {
    gpu::launch(map_kernel<Function, In...>, shape, queue, function, out, count, in...);
  }
}

}  // namespace gradvitals::GPU_NAMESPACE
