// Computes:    one record per tensor: chunk records (tensor_stats_chunk.h), added chunk by chunk.
// Shapes:      a table of any number of tensors, each of any count, 0 included.
// DTypes:      float32, float64, float16, bfloat16; sums float64.
// Traffic:     reads each element once; writes a record per tensor, and per chunk of larger ones.
// Determinism: the same bits for every thread count; the table cuts chunks, added in order.
// Edge cases:  a tensor without elements has a record of zeros.
// Errors:      none: the contract function (kernels/tensor_stats.cpp) has checked the arguments.
// Reference:   tests/kernels/tensor_stats_test.cpp holds the oracle, a loop in long double.
#include "kernels/tensor_stats.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/tensor_stats_chunk.h"

namespace gradvitals {
namespace {

using Entry = TensorStatsTable::Entry;
constexpr std::int64_t kChunk = TensorStatsTable::kChunkElements;

// Waking a thread costs some 10 us; 2^17 float32, 16 chunks, take some 20 us to read.
constexpr std::int64_t kElementsPerThread = 1 << 17;

std::int64_t chunks_of(const Entry& entry) {
  return (entry.count + kChunk - 1) / kChunk;
}

/// Neumaier's compensated sum: its error does not grow with the number of chunks.
class CompensatedSum {
 public:
  void add(double x) {
    const double total = total_ + x;
    lost_ += std::fabs(total_) >= std::fabs(x) ? (total_ - total) + x : (x - total) + total_;
    total_ = total;
  }
  double value() const { return total_ + lost_; }

 private:
  double total_ = 0.0;
  double lost_ = 0.0;
};

/// From the scaled sums of chunks to the record's contract: `sum` as it is, and no exponent where
/// the squares' sum is a normal float64 without.
TensorStats unscaled(TensorStats record) {
  if (record.scale_exponent == 0) return record;
  record.sum = std::ldexp(record.sum, record.scale_exponent);
  const double sum_squares = std::ldexp(record.sum_squares, 2 * record.scale_exponent);
  if (std::isnormal(sum_squares)) {
    record.sum_squares = sum_squares;
    record.scale_exponent = 0;
  }
  return record;
}

/// The largest exponent of a chunk that has anything but zeros: beside it, sums of chunks with a
/// smaller one may underflow unseen.
std::int32_t common_exponent(std::span<const TensorStats> chunks) {
  const TensorStats* largest = nullptr;
  for (const TensorStats& chunk : chunks) {
    if (chunk.max_abs == 0) continue;
    if (largest == nullptr || chunk.scale_exponent > largest->scale_exponent) largest = &chunk;
  }
  return largest == nullptr ? 0 : largest->scale_exponent;
}

TensorStats fold(std::span<const TensorStats> chunks) {
  TensorStats total{.scale_exponent = common_exponent(chunks)};
  CompensatedSum sum_squares;
  CompensatedSum sum;
  for (const TensorStats& chunk : chunks) {
    if (chunk.scale_exponent == total.scale_exponent) {
      sum_squares.add(chunk.sum_squares);
      sum.add(chunk.sum);
    } else {
      const int shift = chunk.scale_exponent - total.scale_exponent;
      sum_squares.add(std::ldexp(chunk.sum_squares, 2 * shift));
      sum.add(std::ldexp(chunk.sum, shift));
    }
    if (total.first_nonfinite_index < 0 && chunk.first_nonfinite_index >= 0) {
      total.first_nonfinite_index = total.count + chunk.first_nonfinite_index;
    }
    total.count += chunk.count;
    total.max_abs = std::max(total.max_abs, chunk.max_abs);
    total.min_abs_nonzero = std::min(total.min_abs_nonzero, chunk.min_abs_nonzero);
    total.zero_count += chunk.zero_count;
    total.subnormal_count += chunk.subnormal_count;
    total.nan_count += chunk.nan_count;
    total.inf_count += chunk.inf_count;
  }
  total.sum_squares = sum_squares.value();
  total.sum = sum.value();
  return unscaled(total);
}

/// The records of chunks [begin, end) of the table: of a tensor that is one chunk straight to
/// `out`, of a larger one to `partial`.
void read_chunks(std::span<const Entry> entries, std::int64_t begin, std::int64_t end,
                 std::span<TensorStats> out, TensorStats* partial) {
  // The last entry that starts at or before `begin`: those without elements start there, too, and
  // come before it.
  auto entry = std::ranges::upper_bound(entries, begin, {}, &Entry::first_chunk) - 1;
  for (std::int64_t chunk = begin; chunk < end; ++chunk) {
    while (chunk - entry->first_chunk >= chunks_of(*entry)) ++entry;
    const std::int64_t offset = (chunk - entry->first_chunk) * kChunk;
    const auto* data = static_cast<const std::byte*>(entry->data);
    const TensorStats record =
        cpu::chunk_stats(entry->dtype, data + offset * size_in_bytes(entry->dtype),
                         std::min(kChunk, entry->count - offset));
    if (entry->count <= kChunk) {
      out[static_cast<std::size_t>(entry - entries.begin())] = unscaled(record);
    } else {
      partial[chunk] = record;
    }
  }
}

}  // namespace

void CpuBackend::tensor_stats(const TensorStatsTable& table, std::span<TensorStats> out,
                              Buffer& workspace) {
  const std::span<const Entry> entries = table.entries();
  auto* partial = static_cast<TensorStats*>(workspace.data());
  const std::int64_t most_pieces = table.element_count() / kElementsPerThread + 1;
  const std::int64_t grain = (table.chunk_count() + most_pieces - 1) / most_pieces;
  pool_.parallel_ranges(table.chunk_count(), std::max<std::int64_t>(grain, 1),
                        [&](std::int64_t begin, std::int64_t end) {
                          read_chunks(entries, begin, end, out, partial);
                        });
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].count == 0) {
      out[i] = TensorStats{};
    } else if (entries[i].count > kChunk) {
      out[i] =
          fold({partial + entries[i].first_chunk, static_cast<std::size_t>(chunks_of(entries[i]))});
    }
  }
}

}  // namespace gradvitals
