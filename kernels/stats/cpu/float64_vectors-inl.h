// Elements of any dtype as vectors of float64, and sums in an order that no instruction set changes.
// Compiled once per instruction set.

// Highway's idiom for headers that each target includes anew.
#if defined(GRADVITALS_CPU_FLOAT64_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADVITALS_CPU_FLOAT64_VECTORS_INL_H_
#undef GRADVITALS_CPU_FLOAT64_VECTORS_INL_H_
#else
#define GRADVITALS_CPU_FLOAT64_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/runtime/dtype.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Partial sums of a chunk; of 16, because that is two vectors of the longest instruction set.
inline constexpr std::int64_t kAccumulators = 16;

/// As many float64 as a vector has, and `kMost` at most.
template <std::int64_t kMost>
struct Doubles {
  using D = hn::CappedTag<double, kMost>;
  using Vec = hn::Vec<D>;
  static constexpr std::int64_t kLanes = hn::MaxLanes(D());
  static constexpr std::int64_t kVectors = kAccumulators / kLanes;
};

/// Vector k of sixteen elements as float64, which is exact.
template <class D>
HWY_INLINE hn::Vec<D> LoadAsDouble(D d, const double* from, std::int64_t k) {
  return hn::LoadU(d, from + k * hn::MaxLanes(d));
}
template <class D>
HWY_INLINE hn::Vec<D> LoadAsDouble(D d, const float* from, std::int64_t k) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), from + k * hn::MaxLanes(d)));
}
/// Where no instruction converts float16, Highway does, and takes infinities and NaN for finite values.
inline constexpr bool kConvertsFloat16InSoftware =
    HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SSSE3 ||
    HWY_TARGET == HWY_SSE4;
template <class D>
HWY_INLINE hn::Vec<D> LoadAsDouble(D d, const Float16* from, std::int64_t k) {
  const hn::Rebind<std::uint16_t, D> d16;
  const auto* words = reinterpret_cast<const std::uint16_t*>(from);
  const auto bits = hn::LoadU(d16, words + k * hn::MaxLanes(d));
  const auto half = hn::BitCast(hn::Rebind<hwy::float16_t, D>(), bits);
  auto single = hn::PromoteTo(hn::Rebind<float, D>(), half);
  if constexpr (kConvertsFloat16InSoftware) {
    const hn::Rebind<std::uint32_t, D> d32;
    const auto exponent = hn::And(hn::PromoteTo(d32, bits), hn::Set(d32, 0x7C00U));
    const auto is_special = hn::Eq(exponent, hn::Set(d32, 0x7C00U));
    const auto all_ones = hn::IfThenElseZero(is_special, hn::Set(d32, 0x7F800000U));
    single = hn::BitCast(hn::Rebind<float, D>(), hn::Or(hn::BitCast(d32, single), all_ones));
  }
  return hn::PromoteTo(d, single);
}
/// A bfloat16 is the upper half of a float32. Two of them are a word: elements with even indices
/// come first, those with odd ones after them, so that nothing is moved between lanes.
static_assert(std::endian::native == std::endian::little);
template <class D>
HWY_INLINE hn::Vec<D> LoadAsDouble(D d, const BFloat16* from, std::int64_t k) {
  constexpr std::int64_t kLanes = hn::MaxLanes(d);
  constexpr std::int64_t kEven = kAccumulators / kLanes / 2;
  const hn::Rebind<std::uint32_t, D> d32;
  HWY_ALIGN std::uint32_t words[kLanes];  // Need not be aligned where they come from.
  std::memcpy(words, from + 2 * (k % kEven) * kLanes, sizeof(words));
  const auto pairs = hn::Load(d32, words);
  const auto wide = k < kEven ? hn::ShiftLeft<16>(pairs) : hn::And(pairs, hn::Set(d32, 0xFFFF0000));
  return hn::PromoteTo(d, hn::BitCast(hn::Rebind<float, D>(), wide));
}

/// The sum of all lanes of all vectors, in the same order for every vector length: lane i is added
/// to lane i + 8 of the sixteen, the eight sums likewise, and so on.
template <class D, std::size_t kVectors>
HWY_INLINE double Fold(D d, hn::Vec<D> (&v)[kVectors]) {
  HWY_UNROLL(4)
  for (std::size_t width = kVectors / 2; width > 0; width /= 2) {
    HWY_UNROLL(4)
    for (std::size_t i = 0; i < width; ++i) v[i] = hn::Add(v[i], v[i + width]);
  }
  constexpr std::int64_t kLanes = hn::MaxLanes(d);
  HWY_ALIGN double lanes[kLanes];
  hn::Store(v[0], d, lanes);
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::int64_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#endif
