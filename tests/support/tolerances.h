// Every tolerance of the tests, with its derivation. None is typed at a call.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace gradvitals::test {

/// |got - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double absolute = 0.0;
  double relative = 0.0;

  double at(double expected) const { return absolute + relative * std::fabs(expected); }
};

/// For results that have one right answer, bit for bit up to the sign of zero.
inline constexpr Tolerance kExact{};

/// Largest relative error of one correctly rounded operation.
template <class T>
inline constexpr double kUnitRoundoff = std::numeric_limits<T>::epsilon() / 2;

/// A sum of `terms` products, each at most `largest_term` in magnitude, in any summation order:
/// every partial sum rounds once, the products once more (Higham 2002, 3.1: gamma_n = n u / (1 - n
/// u)), relative to the sum of magnitudes, which `terms * largest_term` bounds. One more roundoff
/// for the scaling by alpha or 1/B, and one for the oracle's value when it is stored.
template <class T>
constexpr Tolerance accumulated(std::int64_t terms, double largest_term) {
  const double n = static_cast<double>(terms) + 2.0;
  const double magnitude = n * largest_term;
  return {.absolute = n * kUnitRoundoff<T> * magnitude, .relative = 2 * kUnitRoundoff<T>};
}

/// A sum of `terms` products whose magnitudes add up to `magnitude_sum`, in any order, fused or
/// not: Higham's bound again, per element, with one more roundoff each for alpha, beta * c and the
/// bias. Products that underflow lose half a smallest subnormal each.
template <class T>
constexpr Tolerance dot_product(std::int64_t terms, double magnitude_sum) {
  const double n = static_cast<double>(terms) + 3.0;
  return {.absolute = n * kUnitRoundoff<T> * magnitude_sum +
                      n * static_cast<double>(std::numeric_limits<T>::denorm_min()),
          .relative = 0.0};
}

/// `operations` roundings in a row without cancellation.
template <class T>
constexpr Tolerance rounded(int operations) {
  return {.absolute = 0.0, .relative = operations * kUnitRoundoff<T>};
}

/// `count` units in the last place: one is at most epsilon relative, and the smallest subnormal
/// below the normal range.
template <class T>
constexpr Tolerance ulps(double count) {
  return {.absolute = count * std::numeric_limits<T>::denorm_min(),
          .relative = count * std::numeric_limits<T>::epsilon()};
}

// Activations in float32. Every figure is the sum of the roundings on the longest path, in ulp of
// the result, rounded up to a whole number.
//   exp of a negative number: 0.5 for the remainder (below 0.35, so 0.2), 0.1 for the polynomial,
//     0.5 for its last step, 0.5 for a subnormal scale: 1.3.
//   sigmoid: exp 1.3, 1 + e 0.5, the division 0.5, a remainder of the three at a power of two: 3.
//   tanh: t 1.0, twice (t and t + 2 both see it), t + 2 0.5, the division 0.5: 3.
//   gelu: bell 1.3 + 0.2 for its correction, t 0.5, s 1.5, the polynomial 1.0, products 1.5: 6.
//     Its derivative is a difference: relative to its terms, which stay below 1.2, it is right to
//     4 roundings, and 8 ulp where nothing cancels (z <= -2); a subnormal bell is rounded once and
//     then multiplied by up to 6.
inline constexpr Tolerance kSigmoidFloat = ulps<float>(3);
inline constexpr Tolerance kTanhFloat = ulps<float>(3);
inline constexpr Tolerance kGeluFloat = ulps<float>(6);
inline constexpr Tolerance kGeluDerivativeFloat{.absolute = 4 * kUnitRoundoff<float>,
                                                .relative = 0};
inline constexpr Tolerance kGeluDerivativeTailFloat = ulps<float>(8);

// Activations in float64 go through libm (1 ulp a call, glibc manual) and up to five operations.
inline constexpr Tolerance kActivationDouble = ulps<double>(4);
// erfc(u / sqrt 2) and e^(-u^2/2) amplify the rounding of their argument by u^2, here <= 36.
inline constexpr Tolerance kGeluDouble = ulps<double>(40);

// Losses are computed in float64 and rounded to T once; in float32 that rounding is all that shows.
// The softmax's are differences, of logits below 32 and of probabilities: they keep float64's
// noise.
inline constexpr Tolerance kLossFloat = ulps<float>(1);
inline constexpr Tolerance kSoftmaxLossFloat{.absolute = 32 * kUnitRoundoff<double>,
                                             .relative = kLossFloat.relative};

/// In float64: `terms` additions and up to eight operations a term (Higham 2002, 3.1). The largest
/// numbers that may cancel on the way are logits of N(0, 3) times an upstream gradient of 3 over
/// the batch, or probabilities times 3: below 4 in either case, logits enter a mean.
constexpr Tolerance loss_double(std::int64_t terms) {
  const double roundings = static_cast<double>(terms + 8);
  return {.absolute = 4 * roundings * kUnitRoundoff<double>,
          .relative = roundings * kUnitRoundoff<double>};
}

// Optimizers in T. A weight moves by a step of a few roundings, then is rounded itself: relative to
// the larger of weight and step, which tests keep below 4. Moments: two products and a sum, which
// may cancel; gradients are below 4, too.
template <class T>
inline constexpr Tolerance kOptimizerStep{.absolute = 4 * 6 * kUnitRoundoff<T>, .relative = 0};
/// update_sum_squares against the stored weights: float64 sums of squares, in any order.
constexpr Tolerance update_sum(std::int64_t count) {
  return {.absolute = 0, .relative = static_cast<double>(count + 4) * kUnitRoundoff<double>};
}

// Gradient check, central difference of L in double with step h = cbrt(epsilon) max(1, |x|) = 6e-6:
// truncation h^2 L'''/6 is about 6e-12 L''', roundoff epsilon |L| / h about 4e-11 |L|. The
// tolerances leave a factor of 250 for third derivatives and for roundoff within L (hundreds of
// operations).
inline constexpr double kGradcheckRelative = 1e-7;
inline constexpr double kGradcheckAbsolutePerLoss = 1e-8;  // Times max(1, sum |dy y|).

// The contract of tensor_stats.h.
inline constexpr Tolerance kSumSquares{.absolute = 0.0, .relative = 1e-12};
inline constexpr double kSumPerAbsoluteSum = 1e-12;  // Times sum |x|.

/// The L2 norm of `count` elements whose squares are added in float32, in any order: each square
/// and each addition rounds once (Higham 2002, 3.1), all terms are positive; the root halves that
/// and rounds, too.
constexpr Tolerance float32_norm(std::int64_t count) {
  return {.absolute = 0.0, .relative = (static_cast<double>(count) / 2 + 2) * kUnitRoundoff<float>};
}
/// A norm that is then stored in bfloat16, of 8 bits of precision; a few float32 roundings before.
inline constexpr Tolerance kStoredBFloat16{.absolute = 0.0, .relative = 0x1.01p-8};

// Random numbers. Normals: the error that kernels/ops/normal.h states. Statistics of fixed seeds: a
// sound generator is beyond five standard errors once in 1.7 million tests; a Kolmogorov-Smirnov
// distance is beyond 2.23 / sqrt(n) once in 10,000.
inline constexpr Tolerance kNormalQuantile{.absolute = 0.0, .relative = 3e-7};
inline constexpr double kStandardErrors = 5.0;
inline constexpr double kKolmogorovSmirnov = 2.23;

// Recorded networks: expected values are float64, ours float32. Norms of the networks here move by
// less than 1e-4 between two float32 summation orders; twice that. The spread of the norms is a
// difference of such numbers: `largest_norm` bounds its error.
inline constexpr Tolerance kGoldenNorm{.absolute = 0.0, .relative = 2e-4};
constexpr Tolerance golden_spread(double largest_norm) {
  return {.absolute = 2e-4 * largest_norm, .relative = 0.0};
}
// A gain is a ratio of such norms, and is shown with two digits.
inline constexpr Tolerance kGoldenGain{.absolute = 0.0, .relative = 1e-2};
// The notebook's networks, on two devices or here and in Keras, both sides in float32. In the third
// network rounding grows sixteenfold per layer; its sigmoid head then saturates, and what is left
// of 1 - y carries that error whole: two summation orders already differ by 1e-3. Below 1e-30 both
// count as zero.
inline constexpr Tolerance kAgreementHealthyAndVanishing{.absolute = 1e-30, .relative = 1e-4};
inline constexpr Tolerance kAgreementExplodingLinearHead{.absolute = 1e-30, .relative = 1e-3};
inline constexpr Tolerance kAgreementExploding{.absolute = 1e-30, .relative = 1e-2};

// Recorded gradients: ours is good to 1e-12, but a recording framework may add up float32 partial
// sums; 1e-6 is what a tree of 2^20 of those is good for.
inline constexpr Tolerance kGoldenStatistic{.absolute = 0.0, .relative = 1e-6};

/// A number of a history: half a unit of its ninth digit, which is at most 1e-8 of it, and what that
/// rounds on the way.
inline constexpr Tolerance kNineDigits{.absolute = 0.0, .relative = 0.51e-8};
/// What is computed from such a number's square.
inline constexpr Tolerance kSquareOfNineDigits{.absolute = 0.0, .relative = 1.1e-8};

}  // namespace gradvitals::test
