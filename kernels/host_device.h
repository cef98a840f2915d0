// The one header that tells nvcc from g++: marks functions that run on the host and on the device.
#pragma once

#if defined(__CUDACC__)
#define GRADVITALS_HOST_DEVICE __host__ __device__ __forceinline__
#else
// Inlined into its caller always, so that it is compiled for the caller's instruction set: a fused
// multiply-add is then one instruction where the caller has it, and a slow library call only where
// the CPU has none. Either way the bits are the same.
#define GRADVITALS_HOST_DEVICE [[gnu::always_inline]] inline
#endif
