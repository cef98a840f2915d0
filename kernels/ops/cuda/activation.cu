// Computes:    y = activation(z); dz = dy * activation'(z)
// Shapes:      z, y, dy, dz (N)
// DTypes:      float32
// Launch:      map.cuh
// Traffic:     forward 8 N bytes, backward 12 N -> bound by memory
// Determinism: an element's bits depend on its inputs alone
// Edge cases:  map.cuh; in place where the contract allows it
// Errors:      none beyond map.cuh; kernels/ops/activation.cpp has checked the arguments
// Reference:   cpu/activation.cpp
#include "kernels/ops/cuda/activation.h"

#include "kernels/ops/cuda/activation.cuh"
#include "kernels/ops/cuda/map.cuh"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

/// A derivative as a function of (source, dy). Its source is z where the derivative
/// needs that, and otherwise y.
template <class F>
struct Gradient {
  __device__ float operator()(float source, float dy) const {
    return F::gradient(source, source, dy);
  }
};

void activation_forward(GpuBackend& backend, const ActivationForward<float>& op) {
  visit_activation(op.activation, [&](auto function) {
    map(backend.queue(), function, op.y.data, op.y.count, op.z.data);
  });
}

}  // namespace

void activation_backward(GpuBackend& backend, const ActivationBackward<float>& op) {
  const float* source = derivative_needs_pre_activation(op.activation) ? op.z.data : op.y.data;
  visit_activation(op.activation, [&](auto function) {
    map(backend.queue(), Gradient<decltype(function)>{}, op.dz.data, op.dz.count, source,
        op.dy.data);
  });
}

namespace {

const KernelsOf<activation_forward, activation_backward> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
