// The cpu device's gemm: which algorithm computes which shape, and how the pool shares it.
#include "kernels/ops/cpu/gemm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/ops/gemm.h"
#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/cpu/l2_cache.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cpu {
namespace {

enum class Algorithm : std::uint8_t {
  kScale,             // No term.
  kColumnDots,        // One column of c.
  kRowDots,           // One row of c.
  kTransposedColumn,  // One column of c, of a product with op(a) stored by columns.
  kRegisterTiled,
  kPacked
};

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

/// Where register tiles, which read a and b in place, are as fast as packed blocks or faster: up to
/// `rows` rows of c while b has at most `b_bytes`.
struct Crossing {
  bool transpose_b;
  std::int64_t b_bytes;
  std::int64_t rows;
};

constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();

/// Measured on Zen 3 (AVX2, 512 KB of L2), float, one thread, by ./run bench gemm: GFLOP/s of register tiles
/// and of packed blocks at
///   64 x 256 x 256 NN 66 and 66; 100 x 64 x 64 NN 76 and 65; 64 x 256 x 256 NT 61 and 58
///   32 x 512 x 512 NN 45 and 42; 48 x 512 x 512 NN 55 and 56
///   4 x 1024 x 1024 NN 16 and 14; 8 x 1024 x 1024 NN 17 and 30
///   32 x 1024 x 1024 NT 56 and 56; 64 x 1024 x 1024 NT 48 and 52
constexpr Crossing kCrossings[] = {
    {false, 256 << 10, kAny}, {false, 1 << 20, 32}, {false, kAny, 4},
    {true, 256 << 10, kAny},  {true, kAny, 48},
};

/// Register tiles read all of a once for each strip of b. Of more than a few strips it has to stay in the
/// L2: 1024 x 128 x 128 67 and 69, 16384 x 128 x 128 20 and 55.
constexpr std::int64_t kReadOftenBytes = 512 << 10;
constexpr std::int64_t kFewColumns = 64;

/// Down the columns of a, tiles find rows this far apart in too few sets of the L1: 256 x 256 x 64 TN 64
/// and 67, 1024 x 1024 x 256 TN 37 and 72.
constexpr std::int64_t kTransposedStrideBytes = 1024;

template <class T>
bool suits_register_tiles(const Product<T>& p) {
  constexpr auto kSize = static_cast<std::int64_t>(sizeof(T));
  if (p.transpose_a && p.lda * kSize >= kTransposedStrideBytes) return false;
  if (p.m * p.k * kSize > kReadOftenBytes && p.n > kFewColumns) return false;
  return std::ranges::any_of(kCrossings, [&](const Crossing& crossing) {
    return p.transpose_b == crossing.transpose_b && p.k * p.n * kSize <= crossing.b_bytes &&
           p.m <= crossing.rows;
  });
}

template <class T>
Algorithm algorithm_for(const Product<T>& p) {
  if (p.k == 0 || p.alpha == T{0}) return Algorithm::kScale;
  if (p.n == 1 && !p.transpose_a && (p.transpose_b || p.ldb == 1)) return Algorithm::kColumnDots;
  if (p.m == 1 && p.transpose_b && (!p.transpose_a || p.lda == 1)) return Algorithm::kRowDots;
  if (p.n == 1 && p.transpose_a && p.ldc == 1 && p.bias == nullptr) {
    return Algorithm::kTransposedColumn;
  }
  return suits_register_tiles(p) ? Algorithm::kRegisterTiled : Algorithm::kPacked;
}

template <class T>
void compute(Algorithm algorithm, const Product<T>& p) {
  switch (algorithm) {
    case Algorithm::kScale:
      return scale(p);
    case Algorithm::kColumnDots:
      return multiply_dots(column_dots(p));
    case Algorithm::kRowDots:
      return multiply_dots(row_dots(p));
    case Algorithm::kTransposedColumn:
      return multiply_register_tiled(transposed_column(p));
    case Algorithm::kRegisterTiled:
      return multiply_register_tiled(p);
    case Algorithm::kPacked:
      return multiply_packed(p);
  }
}

/// The product, or a part of one for which the algorithm was chosen, and what is done when it is complete.
template <class T>
void run(Algorithm algorithm, const Product<T>& p) {
  compute(algorithm, p);
  if (algorithm != Algorithm::kPacked) p.finish_c({0, p.m, 0, p.n});
}

/// Multiply-adds worth a thread: waking one takes 5-10 us here, the time of about 0.5 M.
constexpr std::int64_t kThreadMultiplyAdds = std::int64_t{1} << 20;

/// What an element of finish_c counts for: an activation takes 0.1-1 ns, some 4-40 multiply-adds.
constexpr std::int64_t kTaskMultiplyAdds = 32;

/// Parts of c begin at multiples of these: whole tiles, whole cache lines.
constexpr std::int64_t kPartRows = 12;
constexpr std::int64_t kPartColumns = 32;

/// Parts of c, one a thread.
struct Grid {
  std::int64_t rows = 1;
  std::int64_t columns = 1;
};

/// The side of the largest of so many parts.
std::int64_t longest(std::int64_t count, std::int64_t unit, std::int64_t pieces) {
  const std::int64_t units = (count + unit - 1) / unit;
  return (units + pieces - 1) / pieces * unit;
}

/// The grid of at most so many parts whose largest is smallest; of those, the one with the shortest sides:
/// a thread packs its rows of a and its columns of b.
template <class T>
Grid grid_of(const Product<T>& p, std::int64_t threads) {
  Grid best;
  std::pair<std::int64_t, std::int64_t> least{std::numeric_limits<std::int64_t>::max(), 0};
  for (std::int64_t rows = 1; rows <= threads; ++rows) {
    for (std::int64_t columns = 1; columns <= threads / rows; ++columns) {
      const std::int64_t height = longest(p.m, kPartRows, rows);
      const std::int64_t width = longest(p.n, kPartColumns, columns);
      const std::pair cost{height * width, height + width};
      if (cost < least) {
        least = cost;
        best = {rows, columns};
      }
    }
  }
  return best;
}

/// Where piece i of `pieces` begins.
std::int64_t piece_begin(std::int64_t count, std::int64_t pieces, std::int64_t unit,
                         std::int64_t i) {
  const std::int64_t units = (count + unit - 1) / unit;
  return std::min(count, units * i / pieces * unit);
}

template <class T>
Product<T> part_of(const Product<T>& p, const Grid& grid, std::int64_t i) {
  const std::int64_t row = i / grid.columns;
  const std::int64_t column = i % grid.columns;
  return p
      .rows(piece_begin(p.m, grid.rows, kPartRows, row),
            piece_begin(p.m, grid.rows, kPartRows, row + 1))
      .columns(piece_begin(p.n, grid.columns, kPartColumns, column),
               piece_begin(p.n, grid.columns, kPartColumns, column + 1));
}

struct Plan {
  Algorithm algorithm = Algorithm::kScale;
  Grid grid;
};

/// Of a product with rows and columns.
template <class T>
Plan plan_of(const ThreadPool& pool, const Product<T>& p) {
  const std::int64_t work = p.m * p.n * (p.k + (p.finish_c ? kTaskMultiplyAdds : 0));
  const std::int64_t threads =
      std::clamp<std::int64_t>(work / kThreadMultiplyAdds, 1, pool.threads());
  return {algorithm_for(p), threads == 1 ? Grid{} : grid_of(p, threads)};
}

}  // namespace

template <class T>
Product<T> Product<T>::rows(std::int64_t begin, std::int64_t end) const {
  Product part = *this;
  part.m = end - begin;
  if (k > 0) part.a += begin * (transpose_a ? 1 : lda);
  part.c += begin * ldc;
  part.finish_c = finish_c.from(begin, 0);
  return part;
}

template <class T>
Product<T> Product<T>::columns(std::int64_t begin, std::int64_t end) const {
  Product part = *this;
  part.n = end - begin;
  if (k > 0) part.b += begin * (transpose_b ? ldb : 1);
  part.c += begin;
  if (bias != nullptr) part.bias += begin;
  part.prepare_b = prepare_b.from(0, begin);
  part.finish_c = finish_c.from(0, begin);
  return part;
}

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

template <class T>
bool prepares_b(const ThreadPool& pool, const Product<T>& p) {
  if (p.m == 0 || p.n == 0) return false;
  const Plan plan = plan_of(pool, p);
  return plan.algorithm == Algorithm::kPacked && plan.grid.rows == 1;
}

template <class T>
void multiply(ThreadPool& pool, const Product<T>& p) {
  if (p.prepare_b && !prepares_b(pool, p)) {
    throw std::logic_error("multiply: a product of this shape does not prepare b");
  }
  if (p.m == 0 || p.n == 0) return;
  const Plan plan = plan_of(pool, p);
  const std::int64_t parts = plan.grid.rows * plan.grid.columns;
  if (parts == 1) return run(plan.algorithm, p);
  pool.parallel_for(parts, [&](std::int64_t i) { run(plan.algorithm, part_of(p, plan.grid, i)); });
}

template struct Product<float>;
template struct Product<double>;
template void scale(const Product<float>&);
template void scale(const Product<double>&);
template bool prepares_b(const ThreadPool&, const Product<float>&);
template bool prepares_b(const ThreadPool&, const Product<double>&);
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

namespace gradvitals {

std::string cpu_gemm_name() {
  return fmt::format("packed and register-tiled kernels, in blocks for {} KiB of L2",
                     cpu::l2_cache_bytes() >> 10);
}

}  // namespace gradvitals
