// TensorStatsLayout: the partition of a plan's tensors into chunks, and the trees that reduce the
// chunks' records. Private to kernels/stats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/dtype.h"
#include "kernels/runtime/event.h"
#include "kernels/runtime/matrix_view.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/partial_stats.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals {

class TensorStatsLayout {
 public:
  /// Elements of a chunk: 32 KB of float32. The same on every device, so that results are, too.
  static constexpr std::int64_t kChunkElements = 8192;

  struct Entry {
    const void* data;
    std::int64_t count;
    DType dtype;
    std::int64_t first_chunk;
    std::int64_t gradient;       ///< Its number among the gradients with elements; -1 for others.
    std::int64_t first_element;  ///< Elements of the gradients before it.
  };

  /// Per chunk, what a GPU needs to read it.
  struct alignas(16) ChunkSource {
    const void* data;
    std::uint16_t count;  ///< 0 where the tensor does not exist.
    DType dtype;
    std::int32_t gradient;  ///< As Entry::gradient.
  };
  /// Per chunk, the place of its record in the tree of its entry.
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

  static constexpr std::int64_t chunks_of(std::int64_t count) {
    return (count + kChunkElements - 1) / kChunkElements;
  }

  /// Nodes of a tree over so many records: these, the sums of kMergeFanIn of them each, the sums of
  /// kMergeFanIn of those, and so on up to one.
  static constexpr std::int64_t tree_nodes(std::int64_t records) {
    std::int64_t nodes = records;
    do {
      records = (records + kMergeFanIn - 1) / kMergeFanIn;
      nodes += records;
    } while (records > 1);
    return nodes;
  }

  /// As TensorStatsPlan.
  TensorStatsLayout(Stream& stream, std::span<const TensorView> views);
  void set_data(Stream& stream, std::span<const void* const> data);

  std::int64_t size() const { return std::ssize(entries_); }
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

  /// On the plan's device. cpu: a record per chunk, and one per gradient behind them. Elsewhere: one per
  /// node.
  TensorStats* workspace() const { return static_cast<TensorStats*>(workspace_.data()); }

  /// On a device other than cpu, in its memory: entries(), their chunks, and a counter for each node,
  /// which tensor_stats finds and leaves at 0.
  const Entry* device_entries() const { return static_cast<const Entry*>(device_entries_.data()); }
  Chunk* device_chunks() const { return static_cast<Chunk*>(device_chunks_.data()); }
  unsigned* device_tickets() const { return static_cast<unsigned*>(device_tickets_.data()); }

  /// Throws where the stream is not the one that the plan was made for.
  void check_stream(const Stream& stream) const;

 private:
  /// Pointers on their way to the device.
  struct Upload {
    explicit Upload(Stream& stream, std::int64_t bytes) : host(stream, bytes), done(stream) {}

    HostBuffer host;
    Event done;
  };

  void upload(Stream& stream);
  void send_data(Stream& stream, std::span<const void* const> data);
  Upload& free_upload(Stream& stream);

  Stream stream_;
  std::vector<Entry> entries_;
  Buffer workspace_;
  Buffer device_entries_;
  Buffer device_chunks_;
  Buffer device_tickets_;
  Buffer device_data_;
  std::vector<Upload> uploads_;
  std::int64_t chunk_count_ = 0;
  std::int64_t first_gradient_node_ = 0;
  std::int64_t gradient_count_ = 0;
  std::int64_t element_count_ = 0;
  bool has_empty_ = false;
};

/// The arguments of tensor_stats(), as devices take them.
struct TensorStatsPass {
  const TensorStatsLayout& layout;
  VectorView<TensorStats> out;
};

/// The upload of set_data() to a device other than cpu: afterwards its chunks point to the new data.
struct SetTensorData {
  const TensorStatsLayout& layout;
  const void* const* host_data;  ///< One per entry, in memory that the device copies from.
  const void** device_data;      ///< Room for as many.
};

}  // namespace gradvitals
