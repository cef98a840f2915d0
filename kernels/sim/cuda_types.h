// CUDA's keywords, vector types and built-in variables, for kernels that g++ compiles.
#pragma once

#include <cstdint>

// CUDA's own names, which its kernels are written in. __noinline__ is not among them: libstdc++
// uses that name in attributes. NOLINTBEGIN(readability-identifier-naming)
#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

namespace gradvitals::sim {

struct dim3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
  constexpr dim3(unsigned x_count = 1, unsigned y_count = 1, unsigned z_count = 1)
      : x(x_count), y(y_count), z(z_count) {}
};

// Aligned as on a GPU, where a load of the whole vector needs it: UndefinedBehaviorSanitizer then
// reports a pointer that is not.
// clang-format off
struct alignas(4)  ushort2    { unsigned short x, y; };
struct alignas(8)  ushort4    { unsigned short x, y, z, w; };
struct alignas(8)  int2       { int x, y; };
struct alignas(16) int4       { int x, y, z, w; };
struct alignas(8)  uint2      { unsigned x, y; };
struct             uint3      { unsigned x, y, z; };
struct alignas(16) uint4      { unsigned x, y, z, w; };
struct alignas(16) ulonglong2 { unsigned long long x, y; };
struct alignas(8)  float2     { float x, y; };
struct             float3     { float x, y, z; };
struct alignas(16) float4     { float x, y, z, w; };
struct alignas(16) double2    { double x, y; };

constexpr ushort2 make_ushort2(unsigned short x, unsigned short y) { return {x, y}; }
constexpr ushort4 make_ushort4(unsigned short x, unsigned short y, unsigned short z, unsigned short w) { return {x, y, z, w}; }
constexpr int2 make_int2(int x, int y) { return {x, y}; }
constexpr int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
constexpr uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
constexpr uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
constexpr uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
constexpr ulonglong2 make_ulonglong2(unsigned long long x, unsigned long long y) { return {x, y}; }
constexpr float2 make_float2(float x, float y) { return {x, y}; }
constexpr float3 make_float3(float x, float y, float z) { return {x, y, z}; }
constexpr float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
constexpr double2 make_double2(double x, double y) { return {x, y}; }
// clang-format on

/// Set by the engine before each thread goes on.
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;
inline constexpr int warpSize = 32;

}  // namespace gradvitals::sim
// NOLINTEND(readability-identifier-naming)
