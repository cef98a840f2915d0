// sigmoid, tanh, softplus and gelu of vectors, compiled once per instruction set. Float polynomials are
// minimax fits by the Remez algorithm in 40 digits; errors were measured on every 61st of the 2^32
// floats. Double, which serves gradient checks, goes lane by lane through libm.
//
// Comparisons pass NaN on where Min and Max would not, on some targets. No operation needs a fused
// multiply-add: where one is missing, results differ in the last bit and the error bounds hold.

// Highway's idiom for headers that each target includes anew.
#if defined(GRADVITALS_CPU_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADVITALS_CPU_VECTOR_MATH_INL_H_
#undef GRADVITALS_CPU_VECTOR_MATH_INL_H_
#else
#define GRADVITALS_CPU_VECTOR_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// x = n ln2 + remainder with an integer n and |remainder| <= ln2 / 2.
template <class V>
struct ReducedExponent {
  V power;  ///< 2^(n + offset)
  V remainder;
};

/// For |n| <= 150 and -126 <= n + offset <= 127. Cody and Waite's two-part ln2: n times the high
/// part (9 bits) is exact.
template <class D, class V = hn::Vec<D>>
HWY_INLINE ReducedExponent<V> ReduceExponent(D d, V x, int offset) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr int kBias = 127;
  // Adding 1.5 * 2^23 rounds to an integer, and leaves it in the low bits: with the bias of the
  // exponent added as well, they are the power's exponent field.
  const V rounder = hn::Set(d, 12582912.0f + static_cast<float>(kBias + offset));
  const V shifted = hn::MulAdd(x, hn::Set(d, kLog2E), rounder);
  const V n = hn::Sub(shifted, rounder);
  const V high = hn::NegMulAdd(n, hn::Set(d, kLn2High), x);
  const hn::RebindToUnsigned<D> du;
  const V power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(du, shifted)));
  return {power, hn::NegMulAdd(n, hn::Set(d, kLn2Low), high)};
}

/// e^r - 1 for |r| <= ln2 / 2, relative error of the polynomial 3e-9.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Expm1OfRemainder(D d, V r) {
  const V r2 = hn::Mul(r, r);
  const V q01 = hn::MulAdd(hn::Set(d, 0.1666652113f), r, hn::Set(d, 0.4999999404f));
  const V q23 = hn::MulAdd(hn::Set(d, 0.0083686747f), r, hn::Set(d, 0.0416683778f));
  const V q234 = hn::MulAdd(hn::Set(d, 0.0013814908f), r2, q23);
  return hn::MulAdd(r2, hn::MulAdd(q234, r2, q01), r);
}

/// e^(x + correction...) for x <= 0 and a correction below 0.1 in magnitude. Subnormal results are
/// right; below -103.97, where e^x rounds to 0, it is 0.
template <class D, class V = hn::Vec<D>, class... Correction>
HWY_INLINE V ExpOfNonPositive(D d, V x, Correction... correction) {
  const V lowest = hn::Set(d, -104.0f);
  // 2^n alone may be subnormal. Scaling by 2^(n + 32) is exact; the second factor rounds once.
  const auto [power, remainder] =
      ReduceExponent(d, hn::IfThenElse(hn::Lt(x, lowest), lowest, x), 32);
  V r = remainder;
  ((r = hn::Add(r, correction)), ...);
  return hn::Mul(hn::MulAdd(power, Expm1OfRemainder(d, r), power), hn::Set(d, 0x1p-32f));
}

template <class D>
inline constexpr bool kIsDouble = std::is_same_v<hn::TFromD<D>, double>;

/// function(x) of each lane.
template <class D, class V, class Function>
HWY_INLINE V PerLane(D d, V x, Function function) {
  HWY_ALIGN hn::TFromD<D> lanes[hn::MaxLanes(d)];
  hn::Store(x, d, lanes);
  for (auto& lane : lanes) lane = function(lane);
  return hn::Load(d, lanes);
}

/// |x|, at most `cap`; NaN stays.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V CappedMagnitude(D d, V x, float cap) {
  const V magnitude = hn::Abs(x);
  return hn::IfThenElse(hn::Gt(magnitude, hn::Set(d, cap)), hn::Set(d, cap), magnitude);
}

/// 1 / (1 + e^-x), from e^-|x| so that nothing overflows and the lower tail keeps its relative
/// accuracy: subnormal below -87.3, 0 below -103.97, 1 from 17.4 on.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  const V minus_magnitude = hn::Or(x, hn::SignBit(d));
  V e;
  if constexpr (kIsDouble<D>) {
    e = PerLane(d, minus_magnitude, [](double value) { return std::exp(value); });
  } else {
    e = ExpOfNonPositive(d, minus_magnitude);
  }
  const V one = hn::Set(d, 1);
  return hn::Div(hn::IfNegativeThenElse(x, e, one), hn::Add(one, e));
}

/// With t = e^(-2|x|) - 1: tanh |x| = -t / (2 + t). Keeps the sign of zero.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Tanh(D d, V x) {
  if constexpr (kIsDouble<D>) {
    return PerLane(d, x, [](double value) { return std::tanh(value); });
  } else {
    // tanh rounds to 1 from 9.02 on.
    const V u = CappedMagnitude(d, x, 10.0f);
    const auto [power, remainder] = ReduceExponent(d, hn::Mul(u, hn::Set(d, -2.0f)), 0);
    const V t = hn::MulAdd(power, Expm1OfRemainder(d, remainder), hn::Sub(power, hn::Set(d, 1.0f)));
    return hn::CopySign(hn::Div(t, hn::Add(t, hn::Set(d, 2.0f))), x);
  }
}

/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|), which neither overflows nor loses the lower tail. With
/// t = 2e / (2 + e), log1p(e) = 2 artanh(t / 2) = t + t^3 P(t^2): relative error of P's fit 5e-9.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Softplus(D d, V x) {
  const V minus_magnitude = hn::Or(x, hn::SignBit(d));
  V log;
  if constexpr (kIsDouble<D>) {
    log = PerLane(d, minus_magnitude, [](double value) { return std::log1p(std::exp(value)); });
  } else {
    const V e = ExpOfNonPositive(d, minus_magnitude);
    const V t = hn::Div(hn::Add(e, e), hn::Add(e, hn::Set(d, 2.0f)));
    const V t2 = hn::Mul(t, t);
    const V p01 = hn::MulAdd(hn::Set(d, 0.0125067273f), t2, hn::Set(d, 0.0833330204f));
    const V p23 = hn::MulAdd(hn::Set(d, 5.47109162e-4f), t2, hn::Set(d, 0.0021876410f));
    log = hn::MulAdd(hn::Mul(t, t2), hn::MulAdd(p23, hn::Mul(t2, t2), p01), t);
  }
  return hn::Add(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x), log);
}

/// sigmoid(x) from y = softplus(x): 1 - e^-y, without the difference that would lose small y. A
/// relative error of y is no larger in the result, so that x need not be kept.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SoftplusDerivative(D d, V y) {
  if constexpr (kIsDouble<D>) {
    return PerLane(d, y, [](double value) { return -std::expm1(-value); });
  } else {
    // It rounds to 1 from 17.4 on.
    const V u = CappedMagnitude(d, y, 20.0f);
    const auto [power, remainder] = ReduceExponent(d, hn::Neg(u), 0);
    const V t = hn::MulAdd(power, Expm1OfRemainder(d, remainder), hn::Sub(power, hn::Set(d, 1.0f)));
    return hn::Sub(hn::Zero(d), t);
  }
}

// gelu and its derivative need Phi(-u), the normal distribution's lower tail, to full relative
// accuracy: 1 - Phi(u) would lose it. Phi(-u) = bell * ratio with bell = e^(-u^2 / 2).

/// The bell. u^2 rounded would cost it u^2 / 2 units in the last place: half of the bits are
/// squared exactly, and (u - h)(u + h) corrects for the others.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Bell(D d, V u) {
  const hn::RebindToUnsigned<D> du;
  const V h = hn::BitCast(d, hn::And(hn::BitCast(du, u), hn::Set(du, 0xFFFFF000u)));
  const V minus_half = hn::Set(d, -0.5f);
  const V rest = hn::Mul(hn::Sub(u, h), hn::Add(u, h));
  return ExpOfNonPositive(d, hn::Mul(hn::Mul(h, h), minus_half), hn::Mul(rest, minus_half));
}

/// The ratio, 0 <= u <= 14.5: ratio * (u + k) as a polynomial in s = (u - k) / (u + k), k = 3.5,
/// with relative error 8e-9. The map is Shepherd and Laframboise's (Math. Comp. 36, 1981), the fit
/// ours.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V TailRatio(D d, V u) {
  const V k = hn::Set(d, 3.5f);
  const V t = hn::Div(hn::Set(d, 1.0f), hn::Add(u, k));
  const V s = hn::Mul(hn::Sub(u, k), t);
  V p = hn::Set(d, 1.10687821e-4f);
  for (const float c :
       {4.21895678e-4f, -4.94942685e-4f, -3.17530896e-3f, 6.49311571e-3f, 1.740637795e-2f,
        -0.116053041f, 0.315425049f, -0.565561745f, 0.744416074f}) {
    p = hn::MulAdd(p, s, hn::Set(d, c));
  }
  return hn::Mul(p, t);
}

inline constexpr float kBellIsZero = 14.5f;  // e^(-14.5^2 / 2) < 2^-150
inline constexpr double kInverseSqrt2 = 0.70710678118654752;
inline constexpr double kInverseSqrt2Pi = 0.39894228040143268;
inline constexpr double kTailIsZero = 40.0;  // erfc(40 / sqrt 2) < 2^-1075.

/// z Phi(z). Its limits are kept: -0 at -infinity, infinity at infinity.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Gelu(D d, V z) {
  V lost;  // |z| Phi(-|z|)
  if constexpr (kIsDouble<D>) {
    lost = PerLane(d, hn::Abs(z), [](double u) {
      return u > kTailIsZero ? 0.0 : 0.5 * u * std::erfc(u * kInverseSqrt2);
    });
  } else {
    const V u = CappedMagnitude(d, z, kBellIsZero);
    lost = hn::Mul(hn::Mul(u, TailRatio(d, u)), Bell(d, u));
  }
  return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Neg(lost), hn::Sub(z, lost));
}

/// Phi(z) + z phi(z), phi the normal density.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluDerivative(D d, V z) {
  V below;  // The derivative at -|z|.
  if constexpr (kIsDouble<D>) {
    below = PerLane(d, hn::Abs(z), [](double u) {
      if (u > kTailIsZero) return 0.0;
      return 0.5 * std::erfc(u * kInverseSqrt2) - u * kInverseSqrt2Pi * std::exp(-0.5 * u * u);
    });
  } else {
    const V u = CappedMagnitude(d, z, kBellIsZero);
    const V density_at_zero = hn::Set(d, static_cast<float>(kInverseSqrt2Pi));
    below = hn::Mul(Bell(d, u), hn::NegMulAdd(u, density_at_zero, TailRatio(d, u)));
  }
  return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), below, hn::Sub(hn::Set(d, 1), below));
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#endif
