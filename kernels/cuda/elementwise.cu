// Computes:    out = a + b; out = a * b, element by element
// Shapes:      a, b, out (N)
// DTypes:      float32
// Launch:      map.cuh
// Traffic:     12 N bytes -> bound by memory
// Determinism: one rounding per element: the same bits on every device
// Edge cases:  map.cuh; IEEE 754 for NaN and infinities
// Errors:      none beyond map.cuh; kernels/elementwise.cpp has checked the arguments
// Reference:   cpu/elementwise.cpp
#include "kernels/elementwise.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/map.cuh"

namespace gradvitals::GPU_NAMESPACE {
namespace {

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};

struct Times {
  __device__ float operator()(float a, float b) const { return a * b; }
};

}  // namespace

void GpuBackend::add(const Add<float>& op) {
  map(queue_, Sum{}, op.out.data, op.out.count, op.a.data, op.b.data);
}

void GpuBackend::multiply(const Multiply<float>& op) {
  map(queue_, Times{}, op.out.data, op.out.count, op.a.data, op.b.data);
}

}  // namespace gradvitals::GPU_NAMESPACE
