// tensor_stats: one pass over every tensor of a table, one record per tensor.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/matrix_view.h"
#include "kernels/stats/view.h"

namespace gradvitals {

class Stream;

/// What one read of a tensor tells. Sums and extremes are over the finite elements.
/// Accuracy: sum_squares 1e-12 relative, sum 1e-12 * sum|x|, everything else exact.
struct TensorStats {
  std::int64_t count = 0;
  /// Sum of (x * 2^-scale_exponent)^2. scale_exponent is 0 but for float64 input whose squares
  /// leave float64's range, so that l2_norm() is right for every finite input.
  double sum_squares = 0.0;
  std::int32_t scale_exponent = 0;
  /// Always 0: records are copied as they are, and a hole between members would be read unwritten.
  std::int32_t reserved = 0;
  double sum = 0.0;      ///< Infinite only where float64 elements add up beyond float64's range.
  double max_abs = 0.0;  ///< 0 where no element is finite
  double min_abs_nonzero =
      std::numeric_limits<double>::infinity();  ///< infinity where there is none
  std::int64_t zero_count = 0;                  ///< +0 and -0
  std::int64_t subnormal_count = 0;             ///< in the stored dtype
  std::int64_t nan_count = 0;
  std::int64_t inf_count = 0;
  std::int64_t first_nonfinite_index = -1;  ///< -1 where every element is finite

  std::int64_t nonfinite_count() const { return nan_count + inf_count; }
  std::int64_t finite_count() const { return count - nonfinite_count(); }
  /// L2 norm of the finite part.
  double l2_norm() const;
  /// Root mean square of the finite part; 0 where it is empty.
  double rms() const;
  /// Of the finite part; 0 where it is empty.
  double mean() const;
  /// What a plain norm would give: NaN with any NaN, infinity with any infinity, else l2_norm().
  double ieee_norm() const;

  bool operator==(const TensorStats&) const = default;
};
static_assert(sizeof(TensorStats) == 11 * sizeof(double), "no padding");

/// The table that the kernel walks: which tensors, cut into chunks of fixed size (independent of
/// the device, so that results are, too). Rebuilt only when the tensors change.
class TensorStatsTable {
 public:
  /// Elements of a chunk: 32 KB of float32.
  static constexpr std::int64_t kChunkElements = 8192;
  /// Records that a GPU adds at a time: one for each thread of a warp.
  static constexpr std::int64_t kFanIn = 32;

  struct Entry {
    const void* data;
    std::int64_t count;
    DType dtype;
    std::int64_t first_chunk;
    std::int64_t gradient;       ///< Its number among the gradients with elements; -1 for others.
    std::int64_t first_element;  ///< Elements of the gradients before it.
  };

  /// What a GPU must know of a chunk before it reads it.
  struct alignas(16) ChunkSource {
    const void* data;
    std::uint16_t count;
    DType dtype;
    std::int32_t gradient;  ///< As Entry::gradient.
  };
  /// What it must know afterwards, to deliver the chunk's record.
  struct alignas(16) ChunkPlace {
    std::int32_t leaf;        ///< Its number among the chunks of its entry,
    std::int32_t leaves;      ///< of so many,
    std::int32_t first_node;  ///< whose tree begins with this node.
    std::int32_t entry;
  };
  struct Chunk {
    ChunkSource source;
    ChunkPlace place;
  };

  /// Nodes of a tree over so many records: these, the sums of kFanIn of them each, the sums of
  /// kFanIn of those, and so on up to one.
  static constexpr std::int64_t tree_nodes(std::int64_t records) {
    std::int64_t nodes = records;
    do {
      records = (records + kFanIn - 1) / kFanIn;
      nodes += records;
    } while (records > 1);
    return nodes;
  }

  /// A view with null data (a parameter without gradient) is recorded as empty. Throws
  /// std::invalid_argument naming the view with a negative count, another device than the stream's,
  /// or data that is not aligned to its element size; and where, on a device other than cpu, there
  /// are more than 2^30 tensors or chunks, 2^43 elements.
  TensorStatsTable(Stream& stream, std::span<const TensorView> views);

  std::int64_t size() const { return std::ssize(entries_); }
  /// Records that tensor_stats writes: one per entry, then one of all gradients together.
  std::int64_t record_count() const { return size() + 1; }
  std::int64_t chunk_count() const { return chunk_count_; }
  /// Entries of role gradient that have elements.
  std::int64_t gradient_count() const { return gradient_count_; }
  /// Nodes of the trees of all entries, and of the gradients' behind them.
  std::int64_t node_count() const { return first_gradient_node_ + tree_nodes(gradient_count_); }
  std::int64_t first_gradient_node() const { return first_gradient_node_; }
  /// Whether an entry has no elements, or no gradient has any.
  bool has_empty() const { return has_empty_; }
  /// Elements of all entries.
  std::int64_t element_count() const { return element_count_; }
  std::span<const Entry> entries() const { return entries_; }
  /// Bytes of device memory that tensor_stats needs beside its output.
  std::int64_t workspace_bytes() const;

  /// On a device other than cpu, in its memory: entries(), their chunks, and a counter for each
  /// node, which tensor_stats finds and leaves at 0. One call at a time may use them.
  const Entry* device_entries() const { return static_cast<const Entry*>(device_entries_.data()); }
  const Chunk* device_chunks() const { return static_cast<const Chunk*>(device_chunks_.data()); }
  unsigned* device_tickets() const { return static_cast<unsigned*>(device_tickets_.data()); }

 private:
  void upload(Stream& stream);

  std::vector<Entry> entries_;
  Buffer device_entries_;
  Buffer device_chunks_;
  Buffer device_tickets_;
  std::int64_t chunk_count_ = 0;
  std::int64_t first_gradient_node_ = 0;
  std::int64_t gradient_count_ = 0;
  std::int64_t element_count_ = 0;
  bool has_empty_ = false;
};

/// The arguments of tensor_stats(), as devices take them.
struct TensorStatsPass {
  const TensorStatsTable& table;
  VectorView<TensorStats> out;
  void* workspace = nullptr;
};

/// Writes to `out`, on the stream's device, one record per entry of the table, in its order, and
/// behind them the record of all gradients together, as if they stood one behind the other: what a
/// guarded update reads (optimizer.h). Bitwise the same on every run and for every thread count.
/// Throws std::invalid_argument where `out` is not table.record_count() records or `workspace` is
/// too small.
void tensor_stats(Stream& stream, const TensorStatsTable& table, const VectorView<TensorStats>& out,
                  Buffer& workspace);

}  // namespace gradvitals
