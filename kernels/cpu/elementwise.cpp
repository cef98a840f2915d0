#include "kernels/elementwise.h"

#include "kernels/cpu/backend.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/map-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {

void AddFloat(const float* a, const float* b, float* out, std::int64_t count) {
  Map([](auto, auto x, auto y) { return hn::Add(x, y); }, out, count, a, b);
}
void AddDouble(const double* a, const double* b, double* out, std::int64_t count) {
  Map([](auto, auto x, auto y) { return hn::Add(x, y); }, out, count, a, b);
}
void MultiplyFloat(const float* a, const float* b, float* out, std::int64_t count) {
  Map([](auto, auto x, auto y) { return hn::Mul(x, y); }, out, count, a, b);
}
void MultiplyDouble(const double* a, const double* b, double* out, std::int64_t count) {
  Map([](auto, auto x, auto y) { return hn::Mul(x, y); }, out, count, a, b);
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals {
namespace cpu {

HWY_EXPORT(AddFloat);
HWY_EXPORT(AddDouble);
HWY_EXPORT(MultiplyFloat);
HWY_EXPORT(MultiplyDouble);

}  // namespace cpu

namespace {

/// About 10 us in cache: less is not worth waking a thread for.
constexpr std::int64_t kGrain = 65536;

template <class Op, class Function>
void in_ranges(ThreadPool& pool, const Op& op, Function function) {
  pool.parallel_ranges(op.out.count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    function(op.a.data + begin, op.b.data + begin, op.out.data + begin, end - begin);
  });
}

}  // namespace

void CpuBackend::add(const Add<float>& op) {
  in_ranges(pool_, op, HWY_DYNAMIC_DISPATCH(cpu::AddFloat));
}
void CpuBackend::add(const Add<double>& op) {
  in_ranges(pool_, op, HWY_DYNAMIC_DISPATCH(cpu::AddDouble));
}
void CpuBackend::multiply(const Multiply<float>& op) {
  in_ranges(pool_, op, HWY_DYNAMIC_DISPATCH(cpu::MultiplyFloat));
}
void CpuBackend::multiply(const Multiply<double>& op) {
  in_ranges(pool_, op, HWY_DYNAMIC_DISPATCH(cpu::MultiplyDouble));
}

}  // namespace gradvitals
#endif  // HWY_ONCE
