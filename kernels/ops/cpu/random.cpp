#include "kernels/ops/random.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/random.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/ops/normal.h"
#include "kernels/ops/philox.h"

// Scalar code, compiled once per instruction set for the sake of the fused multiply-add.
HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {

/// out[i] for i in [begin, end) from the words of its block; begin is the start of one.
template <std::int64_t kPerBlock, class T, class Convert>
HWY_INLINE void FillRange(RandomKey key, std::int64_t begin, std::int64_t end, T* out,
                          Convert convert) {
  for (std::int64_t i = begin; i < end; i += kPerBlock) {
    const PhiloxBlock block = random_block(key, static_cast<std::uint64_t>(i / kPerBlock));
    const std::int64_t count = std::min(kPerBlock, end - i);
    for (std::int64_t j = 0; j < count; ++j) out[i + j] = convert(block.word + j * (4 / kPerBlock));
  }
}

void Bits(const FillBits& op, std::int64_t begin, std::int64_t end) {
  FillRange<4>(op.key, begin, end, op.out.data, [](const std::uint32_t* word) { return *word; });
}

void UniformFloat32(const FillUniform<float>& op, std::int64_t begin, std::int64_t end) {
  const auto low = static_cast<float>(op.low);
  const auto range = static_cast<float>(op.high - op.low);
  FillRange<4>(op.key, begin, end, op.out.data,
               [=](const std::uint32_t* word) { return fmaf(range, uniform_float32(*word), low); });
}

void UniformFloat64(const FillUniform<double>& op, std::int64_t begin, std::int64_t end) {
  const double low = op.low;
  const double range = op.high - op.low;
  FillRange<2>(op.key, begin, end, op.out.data, [=](const std::uint32_t* word) {
    return fma(range, uniform_float64(word[0], word[1]), low);
  });
}

template <class T>
HWY_INLINE void Normal(const FillNormal<T>& op, std::int64_t begin, std::int64_t end) {
  const auto mean = static_cast<float>(op.mean);
  const auto stddev = static_cast<float>(op.stddev);
  FillRange<4>(op.key, begin, end, op.out.data, [=](const std::uint32_t* word) {
    return static_cast<T>(fmaf(stddev, standard_normal(*word), mean));
  });
}

void NormalFloat32(const FillNormal<float>& op, std::int64_t begin, std::int64_t end) {
  Normal(op, begin, end);
}

void NormalFloat64(const FillNormal<double>& op, std::int64_t begin, std::int64_t end) {
  Normal(op, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {
namespace {

HWY_EXPORT(Bits);
HWY_EXPORT(UniformFloat32);
HWY_EXPORT(UniformFloat64);
HWY_EXPORT(NormalFloat32);
HWY_EXPORT(NormalFloat64);

// A thread is woken for 64 KB of float32 or more: about 100 us of work. A multiple of every block.
constexpr std::int64_t kGrain = 16384;

template <class Op, class Function>
void in_ranges(CpuBackend& backend, const Op& op, Function function) {
  backend.pool().parallel_ranges(op.out.count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    function(op, begin, end);
  });
}

void bits(CpuBackend& backend, const FillBits& op) {
  in_ranges(backend, op, HWY_DYNAMIC_DISPATCH(Bits));
}
void uniform_float(CpuBackend& backend, const FillUniform<float>& op) {
  in_ranges(backend, op, HWY_DYNAMIC_DISPATCH(UniformFloat32));
}
void uniform_double(CpuBackend& backend, const FillUniform<double>& op) {
  in_ranges(backend, op, HWY_DYNAMIC_DISPATCH(UniformFloat64));
}
void normal_float(CpuBackend& backend, const FillNormal<float>& op) {
  in_ranges(backend, op, HWY_DYNAMIC_DISPATCH(NormalFloat32));
}
void normal_double(CpuBackend& backend, const FillNormal<double>& op) {
  in_ranges(backend, op, HWY_DYNAMIC_DISPATCH(NormalFloat64));
}

const KernelsOf<bits, uniform_float, uniform_double, normal_float, normal_double> registered;

}  // namespace
}  // namespace gradvitals::cpu
#endif  // HWY_ONCE
