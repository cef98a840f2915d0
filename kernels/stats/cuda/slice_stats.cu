// Computes:    squares, nonzero and non-finite counts and a fingerprint of each row and each column
//              of an (R,C) matrix
// Shapes:      view (R,C); rows (R), cols (C)
// DTypes:      float32, float64, float16, bfloat16; sums float64, counts int64
// Launch:      rows: a warp each, 8 a block. Columns: 32 x 8 threads per 32 of them, 8 KB of shared
//              memory. No sync
// Traffic:     reads each element twice -> bound by the 64-bit products of the hash
// Determinism: the order of additions is the shape's own; the fingerprint is the same on every
//              device
// Edge cases:  a slice without elements has a record of zeros. NaN and Inf are counted, and are in
//              the fingerprint, not in the sum
// Errors:      CudaError where a launch fails; kernels/stats/slice_stats.cpp has checked the arguments
// Reference:   cpu/slice_stats.cpp
#include "kernels/stats/slice_stats.h"

#include <cstdint>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/cuda/stored.cuh"
#include "kernels/stats/slice_fingerprint.h"
#include "kernels/stats/stored.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kRowsPerBlock = 8;
constexpr int kColumns = kWarpThreads;  // Of a block: a warp reads neighbours.
constexpr int kRowThreads = 8;

/// What a thread has seen of a slice.
struct Gathering {
  double sum_squares;
  std::uint64_t fingerprint;
  std::int64_t nonzero_count;
  std::int64_t nonfinite_count;
};

/// Of elements that a thread meets one after the other.
class Gatherer {
 public:
  template <class T>
  __device__ __forceinline__ void add(T element, std::int64_t place) {
    const RegisterBits<T> bits = bits_of(element);
    const RegisterBits<T> magnitude = bits & Stored<T>::kMagnitude;
    const bool is_finite = magnitude < Stored<T>::kInfinity;
    const double value = is_finite ? Convert<T>::to_double(bits) : 0.0;
    const std::uint64_t sign = bits == magnitude ? 0 : Stored<double>::kMagnitude + 1;
    const std::uint64_t not_finite = magnitude > Stored<T>::kInfinity
                                         ? Stored<double>::kMagnitude
                                         : sign | Stored<double>::kInfinity;
    seen_.fingerprint +=
        fingerprint_of(is_finite ? bits_of(value) : not_finite, static_cast<std::uint64_t>(place));
    seen_.nonfinite_count += is_finite ? 0 : 1;
    seen_.nonzero_count += value != 0.0 ? 1 : 0;
    piece_ = fma(value, value, piece_);
    if (++in_piece_ == kSlicePiece) end_piece();
  }
  __device__ __forceinline__ Gathering finish() {
    end_piece();
    return seen_;
  }

 private:
  __device__ __forceinline__ void end_piece() {
    seen_.sum_squares += piece_;
    piece_ = 0.0;
    in_piece_ = 0;
  }

  Gathering seen_{0.0, 0, 0, 0};
  double piece_ = 0.0;
  int in_piece_ = 0;
};

__device__ __forceinline__ SliceRecord record_of(const Gathering& seen) {
  return {.sum_squares = seen.sum_squares,
          .nonzero_count = seen.nonzero_count,
          .fingerprint = seen.fingerprint,
          .nonfinite_count = seen.nonfinite_count};
}

template <class T>
__global__ void __launch_bounds__(kWarpThreads* kRowsPerBlock)
    slice_rows_kernel(const T* values, std::int64_t rows, std::int64_t cols, SliceRecord* out) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kRowsPerBlock + threadIdx.y;
  if (row >= rows) return;  // The warp as a whole.
  Gatherer gatherer;
  for (std::int64_t col = threadIdx.x; col < cols; col += kWarpThreads) {
    gatherer.add(values[row * cols + col], col);
  }
  Gathering seen = gatherer.finish();
  seen.sum_squares = warp_sum(seen.sum_squares);
  seen.fingerprint = warp_sum(seen.fingerprint);
  seen.nonzero_count = warp_sum(seen.nonzero_count);
  seen.nonfinite_count = warp_sum(seen.nonfinite_count);
  if (threadIdx.x == 0) out[row] = record_of(seen);
}

template <class T>
__global__ void __launch_bounds__(kColumns* kRowThreads)
    slice_cols_kernel(const T* values, std::int64_t rows, std::int64_t cols, SliceRecord* out) {
  GPU_SHARED(Gathering, partial, [kRowThreads][kColumns]);
  const std::int64_t col = std::int64_t{blockIdx.x} * kColumns + threadIdx.x;
  Gatherer gatherer;
  if (col < cols) {
    for (std::int64_t row = threadIdx.y; row < rows; row += kRowThreads) {
      gatherer.add(values[row * cols + col], row);
    }
  }
  Gathering seen = gatherer.finish();
  partial[threadIdx.y][threadIdx.x] = seen;
  __syncthreads();
  if (threadIdx.y > 0 || col >= cols) return;
  for (int y = 1; y < kRowThreads; ++y) {
    const Gathering& other = partial[y][threadIdx.x];
    seen.sum_squares += other.sum_squares;
    seen.fingerprint += other.fingerprint;
    seen.nonzero_count += other.nonzero_count;
    seen.nonfinite_count += other.nonfinite_count;
  }
  out[col] = record_of(seen);
}

template <class T>
void gather(gpu::Queue queue, const SliceStats& op) {
  const auto* values = static_cast<const T*>(op.view.data);
  const std::int64_t rows = op.view.rows;
  const std::int64_t cols = op.view.cols;
  if (rows > 0) {
    gpu::launch(slice_rows_kernel<T>,
                {blocks_for(rows, kRowsPerBlock), {kWarpThreads, kRowsPerBlock}}, queue, values,
                rows, cols, op.rows.data);
  }
  if (cols > 0) {
    gpu::launch(slice_cols_kernel<T>, {blocks_for(cols, kColumns), {kColumns, kRowThreads}}, queue,
                values, rows, cols, op.cols.data);
  }
}

void slice_stats(GpuBackend& backend, const SliceStats& op) {
  switch (op.view.dtype) {
    case DType::kFloat32:
      return gather<float>(backend.queue(), op);
    case DType::kFloat64:
      return gather<double>(backend.queue(), op);
    case DType::kFloat16:
      return gather<Float16>(backend.queue(), op);
    case DType::kBFloat16:
      return gather<BFloat16>(backend.queue(), op);
  }
}

const KernelsOf<slice_stats> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
