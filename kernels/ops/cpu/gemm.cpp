// The cpu device's gemm: which algorithm computes which shape, and how the pool shares it.
#include "kernels/ops/cpu/gemm.h"

#include <algorithm>

#include "kernels/ops/gemm.h"
#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cpu {
namespace {

/// Products with a smaller op(b) go to our own kernel, the others to OpenBLAS. Measured on Zen 3,
/// one thread, float (benchmarks/gemm): own is 1.3-1.4 x as fast at 100 x 64 x 64 and 1000 x 64 x
/// 64, 1.05 x at 256 x 256 x 256, and OpenBLAS 1.1-1.2 x as fast at 256 x 1024 x 1024.
constexpr std::int64_t kTiledBytes = 256 * 256 * 4;

/// With op(a) transposed, tiles walk down columns of a; where its rows are 1 KB apart and more,
/// they fall into too few sets of the L1 and OpenBLAS, which packs, is 1.1-2 x as fast.
constexpr std::int64_t kTransposedStrideBytes = 1024;

/// Multiply-adds worth a thread: waking one takes 5-10 us here, the time of about 0.5 M.
constexpr std::int64_t kThreadMultiplyAdds = std::int64_t{1} << 20;

/// Rows or columns of c are shared in whole register tiles.
constexpr std::int64_t kTileRows = 6;
constexpr std::int64_t kTileColumns = 32;

template <class T>
bool suits_register_tiles(const Product<T>& p) {
  constexpr auto kElementBytes = static_cast<std::int64_t>(sizeof(T));
  if (p.transpose_a && p.lda * kElementBytes >= kTransposedStrideBytes) return false;
  return p.k * p.n * kElementBytes <= kTiledBytes;
}

/// c = beta * c + bias: a product without a term.
template <class T>
void scale(const Product<T>& p) {
  for (std::int64_t i = 0; i < p.m; ++i) {
    T* row = p.c + i * p.ldc;
    for (std::int64_t j = 0; j < p.n; ++j) {
      const T bias = p.bias ? p.bias[j] : T{0};
      row[j] = p.beta == T{0} ? bias : p.beta * row[j] + bias;
    }
  }
}

/// op(a) times one column, for a stored by rows and a contiguous column.
template <class T>
Dots<T> column_dots(const Product<T>& p) {
  return {p.m, p.k, p.a, p.lda, p.b, p.c, p.ldc, p.alpha, p.beta, p.bias, 0};
}

/// One row times op(b), for b stored by columns and a contiguous row.
template <class T>
Dots<T> row_dots(const Product<T>& p) {
  return {p.n, p.k, p.b, p.ldb, p.a, p.c, 1, p.alpha, p.beta, p.bias, 1};
}

/// c^T = op(b)^T op(a)^T, for one column c that is contiguous and hence a row.
template <class T>
Product<T> transposed_column(const Product<T>& p) {
  Product<T> row = p;
  row.m = 1;
  row.n = p.m;
  row.a = p.b;
  row.lda = p.ldb;
  row.transpose_a = !p.transpose_b;
  row.b = p.a;
  row.ldb = p.lda;
  row.transpose_b = !p.transpose_a;
  row.ldc = p.m;
  return row;
}

}  // namespace

template <class T>
Product<T> Product<T>::rows(std::int64_t begin, std::int64_t end) const {
  Product part = *this;
  part.m = end - begin;
  part.a += begin * (transpose_a ? 1 : lda);
  part.c += begin * ldc;
  return part;
}

template <class T>
Product<T> Product<T>::columns(std::int64_t begin, std::int64_t end) const {
  Product part = *this;
  part.n = end - begin;
  part.b += begin * (transpose_b ? ldb : 1);
  part.c += begin;
  if (bias != nullptr) part.bias += begin;
  return part;
}

template <class T>
void multiply(const Product<T>& p) {
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0 || p.alpha == T{0}) return scale(p);
  if (p.n == 1 && !p.transpose_a && (p.transpose_b || p.ldb == 1)) {
    return multiply_dots(column_dots(p));
  }
  if (p.m == 1 && p.transpose_b && (!p.transpose_a || p.lda == 1)) {
    return multiply_dots(row_dots(p));
  }
  if (p.n == 1 && p.transpose_a && p.ldc == 1 && p.bias == nullptr) {
    return multiply_register_tiled(transposed_column(p));
  }
  if (suits_register_tiles(p)) return multiply_register_tiled(p);
  multiply_openblas(p);
}

template <class T>
void multiply(ThreadPool& pool, const Product<T>& p) {
  const std::int64_t threads =
      std::min<std::int64_t>(pool.threads(), p.m * p.n * p.k / kThreadMultiplyAdds);
  if (threads <= 1) return multiply(p);
  const auto grain = [&](std::int64_t count, std::int64_t tile) {
    return (count + threads * tile - 1) / (threads * tile) * tile;
  };
  if (p.m >= p.n) {
    pool.parallel_ranges(p.m, grain(p.m, kTileRows), [&](std::int64_t begin, std::int64_t end) {
      multiply(p.rows(begin, end));
    });
  } else {
    pool.parallel_ranges(p.n, grain(p.n, kTileColumns), [&](std::int64_t begin, std::int64_t end) {
      multiply(p.columns(begin, end));
    });
  }
}

template struct Product<float>;
template struct Product<double>;
template void multiply(const Product<float>&);
template void multiply(const Product<double>&);
template void multiply(ThreadPool&, const Product<float>&);
template void multiply(ThreadPool&, const Product<double>&);

namespace {

template <class T>
Product<T> product(const Gemm<T>& op) {
  return {.m = op.c.rows,
          .n = op.c.cols,
          .k = op.transpose_a ? op.a.rows : op.a.cols,
          .a = op.a.data,
          .lda = op.a.cols,
          .transpose_a = op.transpose_a,
          .b = op.b.data,
          .ldb = op.b.cols,
          .transpose_b = op.transpose_b,
          .c = op.c.data,
          .ldc = op.c.cols,
          .alpha = op.alpha,
          .beta = op.beta};
}

template <class T>
void gemm(CpuBackend& backend, const Gemm<T>& op) {
  multiply(backend.pool(), product(op));
}

const KernelsOf<gemm<float>, gemm<double>> registered;

}  // namespace
}  // namespace gradvitals::cpu
