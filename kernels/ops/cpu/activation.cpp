#include "kernels/ops/cpu/activation.h"

#include <algorithm>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/activation.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/ops/cpu/map-inl.h"
#include "kernels/ops/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {

/// 1 above zero, `below` at and below it, NaN for NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Slope(D d, V y, V below) {
  const V above = hn::IfThenElse(hn::IsNaN(y), y, hn::Set(d, 1));
  return hn::IfThenElse(hn::Le(y, hn::Zero(d)), below, above);
}

template <class D>
HWY_INLINE hn::Vec<D> LeakySlope(D d) {
  return hn::Set(d, static_cast<hn::TFromD<D>>(kLeakyReluSlope));
}

template <class T>
void Forward(Activation activation, const T* z, T* y, std::int64_t count) {
  switch (activation) {
    case Activation::kNone:
    case Activation::kLinear:
      if (y != z) std::copy_n(z, count, y);
      return;
    case Activation::kSigmoid:
      return Map([](auto d, auto x) { return Sigmoid(d, x); }, y, count, z);
    case Activation::kTanh:
      return Map([](auto d, auto x) { return Tanh(d, x); }, y, count, z);
    case Activation::kGelu:
      return Map([](auto d, auto x) { return Gelu(d, x); }, y, count, z);
    case Activation::kSoftplus:
      return Map([](auto d, auto x) { return Softplus(d, x); }, y, count, z);
    case Activation::kRelu:
      return Map([](auto d, auto x) { return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x); }, y,
                 count, z);
    case Activation::kLeakyRelu:
      return Map(
          [](auto d, auto x) {
            return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(x, LeakySlope(d)), x);
          },
          y, count, z);
  }
}

template <class T>
void Backward(Activation activation, const T* z, const T* y, const T* dy, T* dz,
              std::int64_t count) {
  switch (activation) {
    case Activation::kNone:
    case Activation::kLinear:
      if (dz != dy) std::copy_n(dy, count, dz);
      return;
    case Activation::kSigmoid:
      // TensorFlow's formula. A saturated unit has y = 1, and its gradient is exactly zero.
      return Map(
          [](auto d, auto a, auto g) { return hn::Mul(hn::Mul(a, hn::Sub(hn::Set(d, 1), a)), g); },
          dz, count, y, dy);
    case Activation::kTanh:
      // Not 1 - a^2, which loses its digits near |a| = 1.
      return Map(
          [](auto d, auto a, auto g) {
            const auto one = hn::Set(d, 1);
            return hn::Mul(hn::Mul(hn::Sub(one, a), hn::Add(one, a)), g);
          },
          dz, count, y, dy);
    case Activation::kGelu:
      return Map([](auto d, auto x, auto g) { return hn::Mul(GeluDerivative(d, x), g); }, dz, count,
                 z, dy);
    case Activation::kSoftplus:
      return Map([](auto d, auto a, auto g) { return hn::Mul(SoftplusDerivative(d, a), g); }, dz,
                 count, y, dy);
    case Activation::kRelu:
      return Map([](auto d, auto a, auto g) { return hn::Mul(Slope(d, a, hn::Zero(d)), g); }, dz,
                 count, y, dy);
    case Activation::kLeakyRelu:
      return Map([](auto d, auto a, auto g) { return hn::Mul(Slope(d, a, LeakySlope(d)), g); }, dz,
                 count, y, dy);
  }
}

void ForwardFloat(Activation activation, const float* z, float* y, std::int64_t count) {
  Forward(activation, z, y, count);
}
void ForwardDouble(Activation activation, const double* z, double* y, std::int64_t count) {
  Forward(activation, z, y, count);
}
void BackwardFloat(Activation activation, const float* z, const float* y, const float* dy,
                   float* dz, std::int64_t count) {
  Backward(activation, z, y, dy, dz, count);
}
void BackwardDouble(Activation activation, const double* z, const double* y, const double* dy,
                    double* dz, std::int64_t count) {
  Backward(activation, z, y, dy, dz, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(ForwardFloat);
HWY_EXPORT(ForwardDouble);
HWY_EXPORT(BackwardFloat);
HWY_EXPORT(BackwardDouble);

template <>
void activate(Activation activation, const float* z, float* y, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(ForwardFloat)(activation, z, y, count);
}
template <>
void activate(Activation activation, const double* z, double* y, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(ForwardDouble)(activation, z, y, count);
}
template <>
void activation_gradient(Activation activation, const float* z, const float* y, const float* dy,
                         float* dz, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(BackwardFloat)(activation, z, y, dy, dz, count);
}
template <>
void activation_gradient(Activation activation, const double* z, const double* y, const double* dy,
                         double* dz, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(BackwardDouble)(activation, z, y, dy, dz, count);
}

namespace {

/// About 20 us of sigmoids: less is not worth waking a thread for.
constexpr std::int64_t kGrain = 32768;

template <class T>
void activation_forward(CpuBackend& backend, const ActivationForward<T>& op) {
  backend.pool().parallel_ranges(op.y.count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    activate(op.activation, op.z.data + begin, op.y.data + begin, end - begin);
  });
}

template <class T>
void activation_backward(CpuBackend& backend, const ActivationBackward<T>& op) {
  backend.pool().parallel_ranges(op.dz.count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    const T* z = op.z.data == nullptr ? nullptr : op.z.data + begin;
    activation_gradient(op.activation, z, op.y.data + begin, op.dy.data + begin, op.dz.data + begin,
                        end - begin);
  });
}

const KernelsOf<activation_forward<float>, activation_forward<double>, activation_backward<float>,
                activation_backward<double>>
    registered;

}  // namespace
}  // namespace gradvitals::cpu
#endif  // HWY_ONCE
