// The cpu device's dense layer: products with the activation, its derivative and the bias gradient
// around them.
#include "kernels/ops/dense.h"

#include <algorithm>

#include "kernels/ops/cpu/activation.h"
#include "kernels/ops/cpu/column_sums.h"
#include "kernels/ops/cpu/gemm.h"
#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cpu {
namespace {

/// Elements worth a thread: an activation takes 0.1-1 ns an element, waking a thread some 10 us.
constexpr std::int64_t kThreadElements = 32768;

/// Elements of delta between its computation and its column sums: 16 KB of float, half an L1.
constexpr std::int64_t kStripElements = 4096;

template <class T>
void dense_forward(CpuBackend& backend, const DenseForward<T>& op) {
  ThreadPool& pool = backend.pool();
  const MatrixView<T> z = op.z.data != nullptr ? op.z : op.y;
  multiply(pool, Product<T>{.m = op.x.rows,
                            .n = op.w.cols,
                            .k = op.x.cols,
                            .a = op.x.data,
                            .lda = op.x.cols,
                            .b = op.w.data,
                            .ldb = op.w.cols,
                            .c = z.data,
                            .ldc = z.cols,
                            .bias = op.b.data});
  if (op.activation == Activation::kLinear && z.data == op.y.data) return;
  pool.parallel_ranges(op.y.count(), kThreadElements, [&](std::int64_t begin, std::int64_t end) {
    activate(op.activation, z.data + begin, op.y.data + begin, end - begin);
  });
}

/// delta's rows [begin, end).
template <class T>
void compute_delta(const DenseBackward<T>& op, std::int64_t begin, std::int64_t end) {
  const std::int64_t first = begin * op.delta.cols;
  activation_gradient(op.activation, op.z.data != nullptr ? op.z.data + first : nullptr,
                      op.y.data + first, op.dy.data + first, op.delta.data + first,
                      end * op.delta.cols - first);
}

/// db += column sums of delta's rows [begin, end), for columns [first, last).
template <class T>
void add_rows(const DenseBackward<T>& op, std::int64_t begin, std::int64_t end, std::int64_t first,
              std::int64_t last) {
  const std::int64_t cols = op.delta.cols;
  add_column_sums(op.delta.data + begin * cols + first, cols, end - begin, last - first,
                  op.db.data + first);
}

/// One thread: each strip of delta is summed while it is in the cache.
template <class T>
void compute_delta_and_db(const DenseBackward<T>& op) {
  const std::int64_t rows = op.delta.rows;
  const std::int64_t cols = std::max<std::int64_t>(op.delta.cols, 1);
  const std::int64_t strip = (kStripElements / cols / kSummedRows + 1) * kSummedRows;
  for (std::int64_t row = 0; row < rows; row += strip) {
    const std::int64_t end = std::min(rows, row + strip);
    compute_delta(op, row, end);
    if (op.db.data != nullptr) add_rows(op, row, end, 0, op.delta.cols);
  }
}

/// Rows of delta are shared for its computation, columns for the sums, so that the bits of db do
/// not depend on the number of threads.
template <class T>
void compute_delta_and_db(ThreadPool& pool, const DenseBackward<T>& op) {
  if (op.db.data != nullptr) std::fill_n(op.db.data, op.db.count, T{0});
  if (pool.threads() == 1 || op.delta.count() < 2 * kThreadElements) {
    return compute_delta_and_db(op);
  }
  const std::int64_t row_grain = kThreadElements / op.delta.cols + 1;
  pool.parallel_ranges(op.delta.rows, row_grain, [&](std::int64_t begin, std::int64_t end) {
    compute_delta(op, begin, end);
  });
  if (op.db.data == nullptr) return;
  const std::int64_t column_grain = kThreadElements / op.delta.rows + 1;
  pool.parallel_ranges(op.delta.cols, column_grain, [&](std::int64_t first, std::int64_t last) {
    add_rows(op, 0, op.delta.rows, first, last);
  });
}

template <class T>
void dense_backward(CpuBackend& backend, const DenseBackward<T>& op) {
  ThreadPool& pool = backend.pool();
  compute_delta_and_db(pool, op);
  if (op.dw.data != nullptr) {
    multiply(pool, Product<T>{.m = op.x.cols,
                              .n = op.delta.cols,
                              .k = op.x.rows,
                              .a = op.x.data,
                              .lda = op.x.cols,
                              .transpose_a = true,
                              .b = op.delta.data,
                              .ldb = op.delta.cols,
                              .c = op.dw.data,
                              .ldc = op.dw.cols});
  }
  if (op.dx.data != nullptr) {
    multiply(pool, Product<T>{.m = op.delta.rows,
                              .n = op.w.rows,
                              .k = op.delta.cols,
                              .a = op.delta.data,
                              .lda = op.delta.cols,
                              .b = op.w.data,
                              .ldb = op.w.cols,
                              .transpose_b = true,
                              .c = op.dx.data,
                              .ldc = op.dx.cols});
  }
}

const KernelsOf<dense_forward<float>, dense_forward<double>, dense_backward<float>,
                dense_backward<double>>
    registered;

}  // namespace
}  // namespace gradvitals::cpu
