// Computes:    what follows the sum over k: alpha, beta * c, the bias, the activation
// Shapes:      one element of c (M,N)
// DTypes:      float32
// Launch:      none: for the kernels that include this
// Traffic:     4 bytes of c written (read with beta), 4 of y
// Determinism: the same operations in the same order in every algorithm
// Edge cases:  with beta 0, c is not read: NaN in it does not survive
// Errors:      none
// Reference:   gemm.h
#pragma once

#include <cstdint>

#include "kernels/ops/cuda/activation.cuh"
#include "kernels/ops/cuda/gemm.h"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

__device__ __forceinline__ float element_a(const Product& p, std::int64_t row, std::int64_t k) {
  return p.transpose_a ? p.a[k * p.m + row] : p.a[row * p.k + k];
}

__device__ __forceinline__ float element_b(const Product& p, std::int64_t k, std::int64_t col) {
  return p.transpose_b ? p.b[col * p.k + k] : p.b[k * p.n + col];
}

__device__ __forceinline__ void store_element(const Product& p, std::int64_t row, std::int64_t col,
                                              float sum) {
  float* c = p.c + row * p.n + col;
  float value = p.alpha * sum;
  if (p.beta != 0.0f) value = fmaf(p.beta, *c, value);
  if (p.bias != nullptr) value += p.bias[col];
  *c = value;
}

/// For the thread that stored the element. A loop of its own: activations unrolled over a
/// thread's many elements would cost more registers than there are.
__device__ __forceinline__ void activate_element(const Product& p, std::int64_t row,
                                                 std::int64_t col) {
  const std::int64_t i = row * p.n + col;
  p.y[i] = activate(p.activation, p.c[i]);
}

}  // namespace gradvitals::GPU_NAMESPACE
