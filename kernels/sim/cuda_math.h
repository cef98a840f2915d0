// CUDA's device functions that only compute: loads, bits, and arithmetic beside that of <math.h>.
#pragma once

// <math.h> rather than <cmath>: kernels call fmaf, sqrt and isnan unqualified.
#include <math.h>

#include <bit>
#include <cstdint>

// NOLINTBEGIN(readability-identifier-naming)
namespace gradvitals::sim {

template <class T>
T __ldg(const T* address) {
  return *address;
}
template <class T>
T __ldcs(const T* address) {
  return *address;
}
template <class T>
T __ldcg(const T* address) {
  return *address;
}

// One overload per type that CUDA has, and none for a mixture: the same calls compile in both
// builds.
// clang-format off
constexpr int min(int a, int b) { return b < a ? b : a; }
constexpr int max(int a, int b) { return a < b ? b : a; }
constexpr unsigned min(unsigned a, unsigned b) { return b < a ? b : a; }
constexpr unsigned max(unsigned a, unsigned b) { return a < b ? b : a; }
constexpr long min(long a, long b) { return b < a ? b : a; }
constexpr long max(long a, long b) { return a < b ? b : a; }
constexpr unsigned long min(unsigned long a, unsigned long b) { return b < a ? b : a; }
constexpr unsigned long max(unsigned long a, unsigned long b) { return a < b ? b : a; }
constexpr long long min(long long a, long long b) { return b < a ? b : a; }
constexpr long long max(long long a, long long b) { return a < b ? b : a; }
constexpr unsigned long long min(unsigned long long a, unsigned long long b) { return b < a ? b : a; }
constexpr unsigned long long max(unsigned long long a, unsigned long long b) { return a < b ? b : a; }
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

// Of the two 16-bit halves of words, each by itself.
constexpr unsigned __vmaxu2(unsigned a, unsigned b) { return max(a & 0xFFFF0000, b & 0xFFFF0000) | max(a & 0xFFFF, b & 0xFFFF); }
constexpr unsigned __vminu2(unsigned a, unsigned b) { return min(a & 0xFFFF0000, b & 0xFFFF0000) | min(a & 0xFFFF, b & 0xFFFF); }
constexpr unsigned __vmaxs2(unsigned a, unsigned b) { return __vmaxu2(a ^ 0x80008000, b ^ 0x80008000) ^ 0x80008000; }

constexpr int __popc(unsigned bits) { return std::popcount(bits); }
constexpr int __popcll(unsigned long long bits) { return std::popcount(bits); }
constexpr int __ffs(int bits) { return __builtin_ffs(bits); }
constexpr int __ffsll(long long bits) { return __builtin_ffsll(bits); }
constexpr int __clz(int bits) { return std::countl_zero(static_cast<unsigned>(bits)); }
constexpr int __clzll(long long bits) { return std::countl_zero(static_cast<unsigned long long>(bits)); }

constexpr unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
constexpr float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
constexpr int __float_as_int(float value) { return std::bit_cast<int>(value); }
constexpr float __int_as_float(int bits) { return std::bit_cast<float>(bits); }
constexpr long long __double_as_longlong(double value) { return std::bit_cast<long long>(value); }
constexpr double __longlong_as_double(long long bits) { return std::bit_cast<double>(bits); }

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
// clang-format on

}  // namespace gradvitals::sim
// NOLINTEND(readability-identifier-naming)
