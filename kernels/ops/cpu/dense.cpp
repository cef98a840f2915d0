// The cpu device's dense layer: products with the activation, its derivative and the bias gradient
// around them.
#include "kernels/ops/dense.h"

#include <algorithm>
#include <cstdint>

#include "kernels/ops/cpu/activation.h"
#include "kernels/ops/cpu/block_task.h"
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

/// The bits of db do not depend on where delta is cut into blocks.
static_assert(kPreparedRows % kSummedRows == 0);

/// y = activation(z), of blocks of z that are just computed.
template <class T>
void dense_forward(CpuBackend& backend, const DenseForward<T>& op) {
  const MatrixView<T> z = op.z.data != nullptr ? op.z : op.y;
  const auto activate_block = [&](const Block& block) {
    for_spans(block, z.cols, [&](std::int64_t first, std::int64_t count) {
      activate(op.activation, z.data + first, op.y.data + first, count);
    });
  };
  const bool is_final = op.activation == Activation::kLinear && z.data == op.y.data;
  multiply(backend.pool(),
           Product<T>{.m = op.x.rows,
                      .n = op.w.cols,
                      .k = op.x.cols,
                      .a = op.x.data,
                      .lda = op.x.cols,
                      .b = op.w.data,
                      .ldb = op.w.cols,
                      .c = z.data,
                      .ldc = z.cols,
                      .bias = op.b.data,
                      .finish_c = is_final ? BlockTask() : BlockTask(activate_block)});
}

template <class T>
void compute_delta(const DenseBackward<T>& op, const Block& block) {
  for_spans(block, op.delta.cols, [&](std::int64_t first, std::int64_t count) {
    activation_gradient(op.activation, op.z.data != nullptr ? op.z.data + first : nullptr,
                        op.y.data + first, op.dy.data + first, op.delta.data + first, count);
  });
}

/// db += column sums of a block of delta.
template <class T>
void add_to_db(const DenseBackward<T>& op, const Block& block) {
  if (op.db.data == nullptr) return;
  const std::int64_t cols = op.delta.cols;
  add_column_sums(op.delta.data + block.row * cols + block.column, cols, block.rows, block.columns,
                  op.db.data + block.column);
}

/// On one thread: each strip of a block is summed while it is in the L1.
template <class T>
void compute_delta_and_db(const DenseBackward<T>& op, const Block& block) {
  const std::int64_t strip = (kStripElements / block.columns / kSummedRows + 1) * kSummedRows;
  const std::int64_t end = block.row + block.rows;
  for (std::int64_t row = block.row; row < end; row += strip) {
    const Block part{row, std::min(strip, end - row), block.column, block.columns};
    compute_delta(op, part);
    add_to_db(op, part);
  }
}

/// Rows of delta are shared for its computation, columns for the sums, so that the bits of db do
/// not depend on the number of threads.
template <class T>
void compute_delta_and_db(ThreadPool& pool, const DenseBackward<T>& op) {
  const auto [data, rows, cols] = op.delta;
  if (rows == 0 || cols == 0) return;
  if (pool.threads() == 1 || rows * cols < 2 * kThreadElements) {
    return compute_delta_and_db(op, Block{0, rows, 0, cols});
  }
  pool.parallel_ranges(rows, kThreadElements / cols + 1,
                       [&, cols = cols](std::int64_t begin, std::int64_t end) {
                         compute_delta(op, Block{begin, end - begin, 0, cols});
                       });
  pool.parallel_ranges(cols, kThreadElements / rows + 1,
                       [&, rows = rows](std::int64_t begin, std::int64_t end) {
                         add_to_db(op, Block{0, rows, begin, end - begin});
                       });
}

/// Where the product dw = x^T delta packs delta once, it makes delta and db on its way.
template <class T>
void dense_backward(CpuBackend& backend, const DenseBackward<T>& op) {
  ThreadPool& pool = backend.pool();
  if (op.db.data != nullptr) std::fill_n(op.db.data, op.db.count, T{0});
  Product<T> dw{.m = op.x.cols,
                .n = op.delta.cols,
                .k = op.x.rows,
                .a = op.x.data,
                .lda = op.x.cols,
                .transpose_a = true,
                .b = op.delta.data,
                .ldb = op.delta.cols,
                .c = op.dw.data,
                .ldc = op.dw.cols};
  const auto make_delta = [&](const Block& block) { compute_delta_and_db(op, block); };
  if (op.dw.data != nullptr && prepares_b(pool, dw)) {
    dw.prepare_b = BlockTask(make_delta);
  } else {
    compute_delta_and_db(pool, op);
  }
  if (op.dw.data != nullptr) multiply(pool, dw);
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
