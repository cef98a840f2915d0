// Normal variates by inversion of the distribution function: one 32-bit word, one variate, the same
// bits on cpu, cuda and sim.
//
// Bits:    only integer operations, float conversions, single multiplications, explicit fused
//          multiply-adds and a square root, all of which IEEE 754 defines to the last bit; no
//          rounded product feeds an addition, so that no compiler changes a bit by contraction.
// Method:  word w means the probability p = (w + 1/2) 2^-32. With x = |2p - 1| and
//          v = -log2((1 - x)(1 + x)), the quantile is x Q(v), where Q is smooth: a polynomial in v
//          at the centre, in sqrt(v) in the tails. Fitted to minimise the largest relative error.
// Error:   below 3e-7 of the value against the true quantile of p (measured 2.93e-7, at 4.95).
// Tails:   symmetric; they end at 6.34 standard deviations, p = 2^-33.
// Reference: the form x Q(-log(1 - x^2)) is that of Giles, "Approximating the erfinv function", GPU
//          Computing Gems 2, 2011.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/runtime/host_device.h"

namespace gradvitals {
namespace normal_detail {

/// c[0] x^(N-1) + ... + c[N-1] by Horner's rule.
template <int N>
GRADVITALS_HOST_DEVICE float polynomial(const float (&c)[N], float x) {
  float sum = c[0];
  for (int i = 1; i < N; ++i) sum = fmaf(sum, x, c[i]);
  return sum;
}

/// -log2(t) of a normal t in (0, 1]; relative error of the polynomial 4e-9.
GRADVITALS_HOST_DEVICE float minus_log2(float t) {
  // log2(1 + f) / f for f in [sqrt(1/2) - 1, sqrt(2) - 1].
  constexpr float kLog2[] = {-0.10995087f,  0.186176881f, -0.191063181f, 0.204600364f,
                             -0.239617333f, 0.288567424f, -0.360696644f, 0.480898231f,
                             -0.721347332f, 1.44269502f};
  constexpr std::uint32_t kSqrtHalfBits = 0x3F3504F3;
  constexpr int kMantissaBits = 23;
  constexpr std::uint32_t kMantissaMask = 0x007FFFFF;
  // t = (1 + f) 2^exponent, with 1 + f in [sqrt(1/2), sqrt(2)).
  std::uint32_t bits = 0;
  std::memcpy(&bits, &t, sizeof bits);
  const std::uint32_t above = bits - kSqrtHalfBits;
  const std::int32_t exponent = static_cast<std::int32_t>(above) >> kMantissaBits;
  const std::uint32_t mantissa = (above & kMantissaMask) + kSqrtHalfBits;
  float significand = 0;
  std::memcpy(&significand, &mantissa, sizeof significand);
  const float f = significand - 1.0f;
  return fmaf(-f, polynomial(kLog2, f), static_cast<float>(-exponent));
}

}  // namespace normal_detail

/// A variate of N(0, 1) from 32 uniform bits.
GRADVITALS_HOST_DEVICE float standard_normal(std::uint32_t word) {
  using normal_detail::minus_log2;
  using normal_detail::polynomial;
  // Q(v) for v in [0, 7], in v - 3.5, relative error 4e-9; and for v in [7, 31], in sqrt(v) - 4,
  // relative error 1.1e-7.
  constexpr float kCentreEnd = 7.0f;
  constexpr float kCentre[] = {
      -4.77699325e-10f, 2.16227636e-09f,  4.94674204e-08f, -5.79694643e-07f, -7.67181461e-07f,
      7.17783478e-05f,  -0.000620536623f, -0.00264455937f, 0.242356554f,     2.09747577f};
  constexpr float kTail[] = {1.34152669e-05f,  -1.65011443e-05f, -0.000124759637f, 0.000419566699f,
                             -0.000731915177f, 0.0012471315f,    -0.00248489249f,  0.00447753724f,
                             1.18453646f,      4.47536135f};
  const bool upper_half = (word >> 31) != 0;
  // 1 - x and x are exact multiples of 2^-32 before they are rounded to float: no cancellation at
  // either end.
  const std::uint32_t tail = 2 * (upper_half ? ~word : word) + 1;
  const float one_minus_x = static_cast<float>(tail) * 0x1p-32f;
  const float x = static_cast<float>(0u - tail) * 0x1p-32f;
  const float v = minus_log2(one_minus_x * (2.0f - one_minus_x));
  const float q =
      v <= kCentreEnd ? polynomial(kCentre, v - 3.5f) : polynomial(kTail, std::sqrt(v) - 4.0f);
  return upper_half ? x * q : -x * q;
}

}  // namespace gradvitals
