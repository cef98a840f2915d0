// Computes:    sigmoid, tanh and gelu of a float, and gelu's derivative
// Shapes:      scalars, for the kernels that include this
// DTypes:      float32
// Launch:      none
// Traffic:     none
// Determinism: explicit fused multiply-adds and IEEE division: the bits of the cpu device where
//              that has fused multiply-adds
// Edge cases:  NaN stays NaN; subnormal results are right
// Errors:      none
// Reference:   cpu/vector_math-inl.h, where the polynomials and their error bounds are derived
#pragma once

#include <cmath>

#include "kernels/ops/activation.h"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

/// x = n ln2 + remainder with an integer n and |remainder| <= ln2 / 2.
struct ReducedExponent {
  float power;  ///< 2^(n + offset)
  float remainder;
};

/// For |n| <= 150 and -126 <= n + offset <= 127. Cody and Waite's two-part ln2.
__device__ __forceinline__ ReducedExponent reduce_exponent(float x, int offset) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr int kBias = 127;
  // Adding 1.5 * 2^23 rounds to an integer, and leaves it in the low bits: with the bias of the
  // exponent added as well, they are the power's exponent field.
  const float rounder = 12582912.0f + static_cast<float>(kBias + offset);
  const float shifted = fmaf(x, kLog2E, rounder);
  const float n = shifted - rounder;
  const float high = fmaf(-n, kLn2High, x);
  return {__uint_as_float(__float_as_uint(shifted) << 23), fmaf(-n, kLn2Low, high)};
}

/// e^r - 1 for |r| <= ln2 / 2.
__device__ __forceinline__ float expm1_of_remainder(float r) {
  const float r2 = r * r;
  const float q01 = fmaf(0.1666652113f, r, 0.4999999404f);
  const float q23 = fmaf(0.0083686747f, r, 0.0416683778f);
  const float q234 = fmaf(0.0013814908f, r2, q23);
  return fmaf(r2, fmaf(q234, r2, q01), r);
}

/// e^(x + correction) for x <= 0 and a correction below 0.1 in magnitude; 0 below -103.97.
__device__ __forceinline__ float exp_of_non_positive(float x, float correction) {
  constexpr float kLowest = -104.0f;
  // 2^n alone may be subnormal. Scaling by 2^(n + 32) is exact; the second factor rounds once.
  const ReducedExponent reduced = reduce_exponent(x < kLowest ? kLowest : x, 32);
  const float r = reduced.remainder + correction;
  return fmaf(reduced.power, expm1_of_remainder(r), reduced.power) * 0x1p-32f;
}

/// |x|, at most `cap`; NaN stays.
__device__ __forceinline__ float capped_magnitude(float x, float cap) {
  const float magnitude = fabsf(x);
  return magnitude > cap ? cap : magnitude;
}

/// 1 / (1 + e^-x), from e^-|x| so that nothing overflows and the lower tail keeps its accuracy.
__device__ __forceinline__ float sigmoid(float x) {
  const float e = exp_of_non_positive(-fabsf(x), 0.0f);
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/// With t = e^(-2|x|) - 1: tanh |x| = -t / (2 + t). Keeps the sign of zero.
__device__ __forceinline__ float tanh_of(float x) {
  constexpr float kTanhIsOne = 10.0f;
  const float u = capped_magnitude(x, kTanhIsOne);
  const ReducedExponent reduced = reduce_exponent(-2.0f * u, 0);
  const float t = fmaf(reduced.power, expm1_of_remainder(reduced.remainder), reduced.power - 1.0f);
  return copysignf(t / (t + 2.0f), x);
}

inline constexpr float kBellIsZero = 14.5f;  // e^(-14.5^2 / 2) < 2^-150

/// e^(-u^2 / 2). Half of u's bits are squared exactly, (u - h)(u + h) corrects for the others.
__device__ __forceinline__ float bell(float u) {
  const float h = __uint_as_float(__float_as_uint(u) & 0xFFFFF000u);
  const float rest = (u - h) * (u + h);
  return exp_of_non_positive(h * h * -0.5f, rest * -0.5f);
}

/// Phi(-u) / bell(u) for 0 <= u <= 14.5.
__device__ __forceinline__ float tail_ratio(float u) {
  constexpr float kCentre = 3.5f;
  const float t = 1.0f / (u + kCentre);
  const float s = (u - kCentre) * t;
  float p = 1.10687821e-4f;
  p = fmaf(p, s, 4.21895678e-4f);
  p = fmaf(p, s, -4.94942685e-4f);
  p = fmaf(p, s, -3.17530896e-3f);
  p = fmaf(p, s, 6.49311571e-3f);
  p = fmaf(p, s, 1.740637795e-2f);
  p = fmaf(p, s, -0.116053041f);
  p = fmaf(p, s, 0.315425049f);
  p = fmaf(p, s, -0.565561745f);
  p = fmaf(p, s, 0.744416074f);
  return p * t;
}

/// z Phi(z). Its limits are kept: -0 at -infinity, infinity at infinity.
__device__ __forceinline__ float gelu(float z) {
  const float u = capped_magnitude(z, kBellIsZero);
  const float lost = u * tail_ratio(u) * bell(u);
  return z < 0.0f ? -lost : z - lost;
}

/// Phi(z) + z phi(z), phi the normal density.
__device__ __forceinline__ float gelu_derivative(float z) {
  constexpr float kDensityAtZero = 0.398942280f;
  const float u = capped_magnitude(z, kBellIsZero);
  const float below = bell(u) * fmaf(-u, kDensityAtZero, tail_ratio(u));
  return z < 0.0f ? below : 1.0f - below;
}

/// 1 above zero, `below` at and below it, NaN for NaN.
__device__ __forceinline__ float slope_of_kink(float y, float below) {
  if (y <= 0.0f) return below;
  return y > 0.0f ? 1.0f : y;
}

}  // namespace gradvitals::GPU_NAMESPACE
