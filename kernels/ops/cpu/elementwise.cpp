#include "kernels/ops/elementwise.h"

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/ops/cpu/map-inl.h"

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
namespace gradvitals::cpu {

HWY_EXPORT(AddFloat);
HWY_EXPORT(AddDouble);
HWY_EXPORT(MultiplyFloat);
HWY_EXPORT(MultiplyDouble);

namespace {

/// About 10 us in cache: less is not worth waking a thread for.
constexpr std::int64_t kGrain = 65536;

template <class Op, class Function>
void in_ranges(ThreadPool& pool, const Op& op, Function function) {
  pool.parallel_ranges(op.out.count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    function(op.a.data + begin, op.b.data + begin, op.out.data + begin, end - begin);
  });
}

void add_float(CpuBackend& backend, const Add<float>& op) {
  in_ranges(backend.pool(), op, HWY_DYNAMIC_DISPATCH(AddFloat));
}
void add_double(CpuBackend& backend, const Add<double>& op) {
  in_ranges(backend.pool(), op, HWY_DYNAMIC_DISPATCH(AddDouble));
}
void multiply_float(CpuBackend& backend, const Multiply<float>& op) {
  in_ranges(backend.pool(), op, HWY_DYNAMIC_DISPATCH(MultiplyFloat));
}
void multiply_double(CpuBackend& backend, const Multiply<double>& op) {
  in_ranges(backend.pool(), op, HWY_DYNAMIC_DISPATCH(MultiplyDouble));
}

const KernelsOf<add_float, add_double, multiply_float, multiply_double> registered;

}  // namespace
}  // namespace gradvitals::cpu
#endif  // HWY_ONCE
