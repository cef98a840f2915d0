// Differences between nvcc and g++, in this header alone: the attributes of functions that run on host
// and device, and the platform header behind kernels/runtime/cuda/gpu.h.
#pragma once

#if defined(__CUDACC__)
#define GRADVITALS_HOST_DEVICE __host__ __device__ __forceinline__
#define GRADVITALS_GPU_PLATFORM "kernels/runtime/cuda/nvcc_platform.h"
#else
// Always inlined, so that it is compiled for the caller's instruction set: a fused
// multiply-add is then one instruction where the caller has it, and a slow library call only where
// the CPU has none. Either way the bits are the same.
#define GRADVITALS_HOST_DEVICE [[gnu::always_inline]] inline
#define GRADVITALS_GPU_PLATFORM "kernels/sim/platform.h"
#endif
