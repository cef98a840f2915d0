// The contract behind gemm and dense on a GPU: five algorithms for one product, and the interface to a
// library. Private to kernels/ops/cuda.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/stats/activation_type.h"

namespace gradvitals::GPU_NAMESPACE {

/// c = alpha * op(a) op(b) + beta * c + bias, then y = activation(c) if y is not null. Matrices
/// are row-major without padding. With beta 0, c is not read.
struct Product {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  const float* a = nullptr;  ///< (M,K), or (K,M) with transpose_a
  bool transpose_a = false;
  const float* b = nullptr;  ///< (K,N), or (N,K) with transpose_b
  bool transpose_b = false;
  float* c = nullptr;  ///< (M,N)
  float alpha = 1.0f;
  float beta = 0.0f;
  const float* bias = nullptr;  ///< (N) or null
  Activation activation = Activation::kLinear;
  float* y = nullptr;  ///< (M,N), may be c; null where no activation is applied
};

/// The algorithms, slowest first. Each takes every shape with M, N > 0. An element is one chain of
/// fused multiply-adds with k ascending in all of them, so that all give the same bits, on every
/// GPU and for every choice.
void gemm_naive(gpu::Queue queue, const Product& product);
void gemm_coalesced(gpu::Queue queue, const Product& product);
void gemm_shared_tiled(gpu::Queue queue, const Product& product);
void gemm_register_tiled(gpu::Queue queue, const Product& product);
void gemm_warp_tiled(gpu::Queue queue, const Product& product);

/// The epilogue of these algorithms as a kernel of its own: c += bias, y = activation(c).
void gemm_epilogue(gpu::Queue queue, const Product& product);

/// A library that replaces these algorithms.
class GemmLibrary {
 public:
  virtual ~GemmLibrary() = default;
  /// Issues c = alpha * op(a) op(b) + beta * c, with M, N > 0, and leaves bias and y alone.
  virtual void multiply(const Product& product) = 0;
};

/// State of a queue (Backend::state).
struct GemmProviderState {
  std::unique_ptr<GemmLibrary> library;  ///< Null: the algorithms above multiply.
};

/// The product, by the queue's library or by the algorithm that suits the shape. M and N may be 0.
void multiply(GpuBackend& backend, const Product& product);

}  // namespace gradvitals::GPU_NAMESPACE
