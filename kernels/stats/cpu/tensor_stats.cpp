// Computes:    one record per tensor: chunk records (tensor_stats_chunk.h), merged (partial_stats.h).
// Shapes:      a plan of any number of tensors, each of any count, 0 included.
// DTypes:      float32, float64, float16, bfloat16; sums float64.
// Traffic:     reads each element once; writes a record per tensor, and per chunk of larger ones.
// Determinism: the same bits for every thread count; the plan cuts chunks and orders merges.
// Edge cases:  a tensor without elements has a record of zeros.
// Errors:      none: the contract function (kernels/stats/tensor_stats.cpp) has checked the arguments.
// Reference:   tests/kernels/stats/tensor_stats_test.cpp holds the oracle, a loop in long double.
#include "kernels/stats/tensor_stats.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/cpu/tensor_stats_chunk.h"
#include "kernels/stats/partial_stats.h"
#include "kernels/stats/tensor_stats_layout.h"

namespace gradvitals::cpu {
namespace {

using Entry = TensorStatsLayout::Entry;
constexpr std::int64_t kChunk = TensorStatsLayout::kChunkElements;

// Waking a thread costs some 10 us; 2^17 float32, 16 chunks, take some 20 us to read.
constexpr std::int64_t kElementsPerThread = 1 << 17;

/// A chunk of a tensor.
struct Chunk {
  const Entry* entry = nullptr;
  std::int64_t offset = 0;  ///< Elements of the tensor before it.

  /// 0 where the tensor does not exist.
  std::int64_t count() const {
    return entry->data == nullptr ? 0 : std::min(kChunk, entry->count - offset);
  }
  const std::byte* data() const {
    if (entry->data == nullptr) return nullptr;
    return static_cast<const std::byte*>(entry->data) + offset * size_in_bytes(entry->dtype);
  }
  /// None where it is no chunk.
  std::span<const std::byte> memory() const {
    if (entry == nullptr) return {};
    return {data(), static_cast<std::size_t>(count() * size_in_bytes(entry->dtype))};
  }
  /// The next of the plan, which has one.
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

/// The parts that chunks [begin, end) of the plan are: of a tensor that is one chunk straight to
/// `out`, of a larger one to `partial`.
void read_chunks(std::span<const Entry> entries, std::int64_t begin, std::int64_t end,
                 TensorStats* out, TensorStats* partial) {
  Chunk chunk = chunk_at(entries, begin);
  for (std::int64_t index = begin; index < end; ++index) {
    const Chunk next = index + 1 < end ? chunk.next() : Chunk{};
    const Entry& entry = *chunk.entry;
    TensorStats* const part =
        entry.count <= kChunk ? out + (&entry - entries.data()) : partial + index;
    // Made in its place: a copy would wait for what has just been written.
    new (part) TensorStats(chunk_stats(entry.dtype, chunk.data(), chunk.count(), next.memory()));
    if (part->first_nonfinite_index >= 0) part->first_nonfinite_index += chunk.offset;
    chunk = next;
  }
}

void tensor_stats(CpuBackend& backend, const TensorStatsPass& pass) {
  const TensorStatsLayout& layout = pass.layout;
  const std::span<const Entry> entries = layout.entries();
  TensorStats* const out = pass.out.data;
  TensorStats* const partial = layout.workspace();
  TensorStats* const gradients = partial + layout.chunk_count();
  const std::int64_t most_pieces = layout.element_count() / kElementsPerThread + 1;
  const std::int64_t grain = (layout.chunk_count() + most_pieces - 1) / most_pieces;
  backend.pool().parallel_ranges(layout.chunk_count(), std::max<std::int64_t>(grain, 1),
                                 [&](std::int64_t begin, std::int64_t end) {
                                   read_chunks(entries, begin, end, out, partial);
                                 });
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (entry.count == 0) {
      out[i] = empty_part();
    } else if (entry.count > kChunk) {
      const auto chunks = static_cast<std::size_t>(TensorStatsLayout::chunks_of(entry.count));
      out[i] = fold_parts(std::span(partial + entry.first_chunk, chunks));
    }
    if (entry.gradient >= 0) {
      TensorStats& part = gradients[entry.gradient] = out[i];
      if (part.first_nonfinite_index >= 0) part.first_nonfinite_index += entry.first_element;
    }
    if (out[i].scale_exponent != 0) out[i] = whole_of(out[i]);
  }
  const auto gradient_count = static_cast<std::size_t>(layout.gradient_count());
  out[entries.size()] = whole_of(fold_parts(std::span(gradients, gradient_count)));
}

const KernelsOf<tensor_stats> registered;

}  // namespace
}  // namespace gradvitals::cpu
