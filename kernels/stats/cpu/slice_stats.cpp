// Computes:    squares, nonzero and non-finite counts and a fingerprint of each row and each column
//              of an (R,C) matrix.
// DTypes:      float32, float64, float16, bfloat16; sums float64, counts int64.
// Traffic:     reads each element twice, once for its row and once for its column.
// Determinism: a slice belongs to one thread and is added in pieces of kSlicePiece: the same bits
//              for every thread count. Fingerprints are the same on every device.
// Edge cases:  a slice without elements has a record of zeros. NaN and Inf are counted, and are in
//              the fingerprint, not in the sum.
// Errors:      none; the contract function (kernels/stats/slice_stats.cpp) has checked the arguments.
// Reference:   tests/kernels/stats/slice_stats_test.cpp
#include "kernels/stats/slice_stats.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/slice_fingerprint.h"
#include "kernels/stats/stored.h"

namespace gradvitals::cpu {
namespace {

// Elements a thread takes at least: some 10 us of work.
constexpr std::int64_t kGrain = 4096;
// Columns that are gathered together: their records and a row of them stay in the first cache.
constexpr std::int64_t kTile = 128;

/// A slice on the way: its record, and the squares of the current piece.
struct Gathering {
  SliceRecord record;
  double piece = 0.0;

  void add(double value, std::int64_t place) {
    record.fingerprint +=
        fingerprint_of(std::bit_cast<std::uint64_t>(value), static_cast<std::uint64_t>(place));
    if (!std::isfinite(value)) {
      ++record.nonfinite_count;
      return;
    }
    record.nonzero_count += value != 0.0 ? 1 : 0;
    piece += value * value;
  }
  void end_piece() {
    record.sum_squares += piece;
    piece = 0.0;
  }
};

template <class T>
SliceRecord row_record(const T* values, std::int64_t count) {
  Gathering row;
  for (std::int64_t begin = 0; begin < count; begin += kSlicePiece) {
    const std::int64_t end = std::min(begin + kSlicePiece, count);
    for (std::int64_t i = begin; i < end; ++i) row.add(to_double(values[i]), i);
    row.end_piece();
  }
  return row.record;
}

/// Columns [begin, end), at most kTile of them.
template <class T>
void gather_columns(const SliceStats& op, std::int64_t begin, std::int64_t end) {
  std::array<Gathering, kTile> columns;
  const std::int64_t width = end - begin;
  for (std::int64_t row = 0; row < op.view.rows; ++row) {
    const T* values = static_cast<const T*>(op.view.data) + row * op.view.cols + begin;
    for (std::int64_t i = 0; i < width; ++i) {
      columns[static_cast<std::size_t>(i)].add(to_double(values[i]), row);
    }
    if ((row + 1) % kSlicePiece != 0 && row + 1 != op.view.rows) continue;
    for (Gathering& column : columns) column.end_piece();
  }
  for (std::int64_t i = 0; i < width; ++i) {
    op.cols.data[begin + i] = columns[static_cast<std::size_t>(i)].record;
  }
}

template <class T>
void gather(ThreadPool& pool, const SliceStats& op) {
  const auto& [view, rows, cols] = op;
  pool.parallel_ranges(
      view.rows, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, view.cols)),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
          rows.data[row] =
              row_record(static_cast<const T*>(view.data) + row * view.cols, view.cols);
        }
      });
  pool.parallel_ranges(view.cols, kTile, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; tile += kTile) {
      gather_columns<T>(op, tile, std::min(tile + kTile, end));
    }
  });
}

void slice_stats(CpuBackend& backend, const SliceStats& op) {
  switch (op.view.dtype) {
    case DType::kFloat32:
      return gather<float>(backend.pool(), op);
    case DType::kFloat64:
      return gather<double>(backend.pool(), op);
    case DType::kFloat16:
      return gather<Float16>(backend.pool(), op);
    case DType::kBFloat16:
      return gather<BFloat16>(backend.pool(), op);
  }
}

const KernelsOf<slice_stats> registered;

}  // namespace
}  // namespace gradvitals::cpu
