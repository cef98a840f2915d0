// Computes:    one record per tensor: chunk records (tensor_stats_chunk.h), added chunk by chunk.
// Shapes:      a table of any number of tensors, each of any count, 0 included.
// DTypes:      float32, float64, float16, bfloat16; sums float64.
// Traffic:     reads each element once; writes a record per tensor, and per chunk of larger ones.
// Determinism: the same bits for every thread count; the table cuts chunks, added in order.
// Edge cases:  a tensor without elements has a record of zeros.
// Errors:      none: the contract function (kernels/stats/tensor_stats.cpp) has checked the arguments.
// Reference:   tests/kernels/stats/tensor_stats_test.cpp holds the oracle, a loop in long double.
#include "kernels/stats/tensor_stats.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <ranges>
#include <span>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/cpu/tensor_stats_chunk.h"

namespace gradvitals::cpu {
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

/// The largest exponent of a part that has anything but zeros: beside it, sums of parts with a
/// smaller one may underflow unseen.
template <class Parts>
std::int32_t common_exponent(Parts& parts) {
  std::optional<std::int32_t> largest;
  for (const TensorStats& part : parts) {
    if (part.max_abs == 0) continue;
    if (!largest || part.scale_exponent > *largest) largest = part.scale_exponent;
  }
  return largest.value_or(0);
}

/// The record of parts that stand one behind the other, scaled as theirs are.
template <class Parts>
TensorStats fold(Parts&& parts) {
  TensorStats total{.scale_exponent = common_exponent(parts)};
  CompensatedSum sum_squares;
  CompensatedSum sum;
  for (const TensorStats& part : parts) {
    if (part.scale_exponent == total.scale_exponent) {
      sum_squares.add(part.sum_squares);
      sum.add(part.sum);
    } else {
      const int shift = part.scale_exponent - total.scale_exponent;
      sum_squares.add(std::ldexp(part.sum_squares, 2 * shift));
      sum.add(std::ldexp(part.sum, shift));
    }
    if (total.first_nonfinite_index < 0 && part.first_nonfinite_index >= 0) {
      total.first_nonfinite_index = total.count + part.first_nonfinite_index;
    }
    total.count += part.count;
    total.max_abs = std::max(total.max_abs, part.max_abs);
    total.min_abs_nonzero = std::min(total.min_abs_nonzero, part.min_abs_nonzero);
    total.zero_count += part.zero_count;
    total.subnormal_count += part.subnormal_count;
    total.nan_count += part.nan_count;
    total.inf_count += part.inf_count;
  }
  total.sum_squares = sum_squares.value();
  total.sum = sum.value();
  return total;
}

/// A chunk of a tensor.
struct Chunk {
  const Entry* entry = nullptr;
  std::int64_t offset = 0;  ///< Elements of the tensor before it.

  std::int64_t count() const { return std::min(kChunk, entry->count - offset); }
  const std::byte* data() const {
    return static_cast<const std::byte*>(entry->data) + offset * size_in_bytes(entry->dtype);
  }
  /// None where it is no chunk.
  std::span<const std::byte> memory() const {
    if (entry == nullptr) return {};
    return {data(), static_cast<std::size_t>(count() * size_in_bytes(entry->dtype))};
  }
  /// The next of the table, which has one.
  Chunk next() const {
    if (offset + kChunk < entry->count) return {entry, offset + kChunk};
    const Entry* follower = entry + 1;
    while (follower->count == 0) ++follower;
    return {follower, 0};
  }
};

Chunk chunk_at(std::span<const Entry> entries, std::int64_t index) {
  // The last entry that starts at or before it: those without elements start there, too, and come
  // before it.
  const auto entry = std::ranges::upper_bound(entries, index, {}, &Entry::first_chunk) - 1;
  return {&*entry, (index - entry->first_chunk) * kChunk};
}

/// The records of chunks [begin, end) of the table, scaled: of a tensor that is one chunk straight
/// to `out`, of a larger one to `partial`.
void read_chunks(std::span<const Entry> entries, std::int64_t begin, std::int64_t end,
                 TensorStats* out, TensorStats* partial) {
  Chunk chunk = chunk_at(entries, begin);
  for (std::int64_t index = begin; index < end; ++index) {
    const Chunk next = index + 1 < end ? chunk.next() : Chunk{};
    const Entry& entry = *chunk.entry;
    TensorStats* const record =
        entry.count <= kChunk ? out + (&entry - entries.data()) : partial + index;
    // Made in its place: a copy would wait for what has just been written.
    new (record) TensorStats(chunk_stats(entry.dtype, chunk.data(), chunk.count(), next.memory()));
    chunk = next;
  }
}

void tensor_stats(CpuBackend& backend, const TensorStatsPass& pass) {
  const TensorStatsTable& table = pass.table;
  const VectorView<TensorStats>& out = pass.out;
  const std::span<const Entry> entries = table.entries();
  auto* partial = static_cast<TensorStats*>(pass.workspace);
  const std::int64_t most_pieces = table.element_count() / kElementsPerThread + 1;
  const std::int64_t grain = (table.chunk_count() + most_pieces - 1) / most_pieces;
  backend.pool().parallel_ranges(table.chunk_count(), std::max<std::int64_t>(grain, 1),
                                 [&](std::int64_t begin, std::int64_t end) {
                                   read_chunks(entries, begin, end, out.data, partial);
                                 });
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].count == 0) {
      out.data[i] = TensorStats{};
    } else if (entries[i].count > kChunk) {
      const auto chunks = static_cast<std::size_t>(chunks_of(entries[i]));
      const TensorStats* const first = partial + entries[i].first_chunk;
      out.data[i] = fold(std::span(first, chunks));
    }
  }
  const auto is_gradient = [&](std::size_t i) { return entries[i].gradient >= 0; };
  const auto record = [&](std::size_t i) -> const TensorStats& { return out.data[i]; };
  out.data[entries.size()] = fold(std::views::iota(std::size_t{0}, entries.size()) |
                                  std::views::filter(is_gradient) | std::views::transform(record));
  // Last of all: what fits without a scale need not fit when it has been added.
  for (TensorStats& each : std::span(out.data, entries.size() + 1)) {
    if (each.scale_exponent != 0) each = unscaled(each);
  }
}

const KernelsOf<tensor_stats> registered;

}  // namespace
}  // namespace gradvitals::cpu
