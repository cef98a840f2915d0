// Computes:    out = a + b; out = a * b, element by element
// Shapes:      a, b, out (N)
// DTypes:      float32
// Launch:      map.cuh
// Traffic:     12 N bytes -> bound by memory
// Determinism: one rounding per element: the same bits on every device
// Edge cases:  map.cuh; IEEE 754 for NaN and infinities
// Errors:      none beyond map.cuh; kernels/ops/elementwise.cpp has checked the arguments
// Reference:   cpu/elementwise.cpp
#include "kernels/ops/elementwise.h"

#include "kernels/ops/cuda/map.cuh"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};

struct Times {
  __device__ float operator()(float a, float b) const { return a * b; }
};

void add(GpuBackend& backend, const Add<float>& op) {
  map(backend.queue(), Sum{}, op.out.data, op.out.count, op.a.data, op.b.data);
}

void multiply(GpuBackend& backend, const Multiply<float>& op) {
  map(backend.queue(), Times{}, op.out.data, op.out.count, op.a.data, op.b.data);
}

const KernelsOf<add, multiply> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
