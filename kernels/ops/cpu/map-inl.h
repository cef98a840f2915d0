// Element-wise maps over spans of any length and alignment, compiled once per instruction set.

// Highway's idiom for headers that each target includes anew.
#if defined(GRADVITALS_CPU_MAP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADVITALS_CPU_MAP_INL_H_
#undef GRADVITALS_CPU_MAP_INL_H_
#else
#define GRADVITALS_CPU_MAP_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The first `count` elements at `from`, the other lanes 0. Reads nothing behind them.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadFirst(D d, const T* from, std::int64_t count) {
  HWY_ALIGN T lanes[hn::MaxLanes(d)] = {};
  std::copy_n(from, count, lanes);
  return hn::Load(d, lanes);
}

/// out[i] = function(d, in[i]...) for vectors of lanes tagged d. `out` may be one of the inputs.
/// The last elements go through the same vector code as the others, so that an element's bits do
/// not depend on its place.
template <class Function, class T, class... In>
HWY_INLINE void Map(Function function, T* out, std::int64_t count, const In*... in) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(function(d, hn::LoadU(d, in + i)...), d, out + i);
  }
  if (i == count) return;
  HWY_ALIGN T last[hn::MaxLanes(d)];
  hn::Store(function(d, LoadFirst(d, in + i, count - i)...), d, last);
  std::copy_n(last, count - i, out + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#endif
