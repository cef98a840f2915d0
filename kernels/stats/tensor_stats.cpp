#include "kernels/stats/tensor_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/validate_view.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "tensor_stats";

void check(const TensorView& view, DeviceType device) {
  if (view.count < 0) {
    validate::fail(kOp, fmt::format("view '{}' has the count {}", view.name, view.count));
  }
  if (view.data == nullptr || view.count == 0) return;
  if (view.device != device) {
    validate::fail(kOp, fmt::format("view '{}' is on {}, the stream on {}", view.name,
                                    name(view.device), name(device)));
  }
  const auto address = reinterpret_cast<std::uintptr_t>(view.data);
  if (address % static_cast<std::uintptr_t>(size_in_bytes(view.dtype)) != 0) {
    validate::fail(kOp, fmt::format("view '{}' does not start at a multiple of its {} bytes per {}",
                                    view.name, size_in_bytes(view.dtype), name(view.dtype)));
  }
}

std::int64_t chunks_of(std::int64_t count) {
  constexpr std::int64_t kChunk = TensorStatsTable::kChunkElements;
  return (count + kChunk - 1) / kChunk;
}

/// Nodes of the tree over an entry's chunks; one chunk needs none.
std::int64_t nodes_of(std::int64_t chunks) {
  return chunks > 1 ? TensorStatsTable::tree_nodes(chunks) : 0;
}

double scaled_back(double value, std::int32_t scale_exponent) {
  return scale_exponent == 0 ? value : std::ldexp(value, scale_exponent);
}

}  // namespace

double TensorStats::l2_norm() const {
  return scaled_back(std::sqrt(sum_squares), scale_exponent);
}

double TensorStats::rms() const {
  if (finite_count() == 0) return 0.0;
  return scaled_back(std::sqrt(sum_squares / static_cast<double>(finite_count())), scale_exponent);
}

double TensorStats::mean() const {
  return finite_count() > 0 ? sum / static_cast<double>(finite_count()) : 0.0;
}

double TensorStats::ieee_norm() const {
  if (nan_count > 0) return std::numeric_limits<double>::quiet_NaN();
  if (inf_count > 0) return std::numeric_limits<double>::infinity();
  return l2_norm();
}

TensorStatsTable::TensorStatsTable(Stream& stream, std::span<const TensorView> views) {
  entries_.reserve(views.size());
  std::int64_t gradient_elements = 0;
  for (const TensorView& view : views) {
    check(view, stream.device());
    const std::int64_t count = view.data == nullptr ? 0 : view.count;
    const bool is_gradient = view.role == Role::kGradient && count > 0;
    entries_.push_back({.data = view.data,
                        .count = count,
                        .dtype = view.dtype,
                        .first_chunk = chunk_count_,
                        .gradient = is_gradient ? gradient_count_ : -1,
                        .first_element = gradient_elements});
    if (is_gradient) {
      gradient_count_ += 1;
      gradient_elements += count;
    }
    const std::int64_t chunks = chunks_of(count);
    chunk_count_ += chunks;
    first_gradient_node_ += nodes_of(chunks);
    element_count_ += count;
    has_empty_ = has_empty_ || count == 0;
  }
  has_empty_ = has_empty_ || gradient_count_ == 0;
  if (stream.device() != DeviceType::kCpu) upload(stream);
}

void TensorStatsTable::upload(Stream& stream) {
  // A GPU counts them in 32 bits; trees have hardly more nodes than leaves.
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  if (std::max({size(), chunk_count_}) > kMost) {
    validate::fail(kOp, fmt::format("{} tensors of {} elements are too many for one table", size(),
                                    element_count_));
  }
  std::vector<Chunk> chunks;
  chunks.reserve(static_cast<std::size_t>(chunk_count_));
  ChunkPlace place = {};
  for (const Entry& entry : entries_) {
    const auto* data = static_cast<const char*>(entry.data);
    place.leaves = static_cast<std::int32_t>(chunks_of(entry.count));
    for (place.leaf = 0; place.leaf < place.leaves; ++place.leaf) {
      const std::int64_t begin = place.leaf * kChunkElements;
      const std::int64_t count = std::min(entry.count - begin, kChunkElements);
      chunks.push_back({.source = {.data = data + begin * size_in_bytes(entry.dtype),
                                   .count = static_cast<std::uint16_t>(count),
                                   .dtype = entry.dtype,
                                   .gradient = static_cast<std::int32_t>(entry.gradient)},
                        .place = place});
    }
    place.first_node += static_cast<std::int32_t>(nodes_of(place.leaves));
    ++place.entry;
  }
  const std::int64_t entry_bytes = size() * static_cast<std::int64_t>(sizeof(Entry));
  const std::int64_t chunk_bytes = chunk_count_ * static_cast<std::int64_t>(sizeof(Chunk));
  const std::int64_t ticket_bytes = node_count() * static_cast<std::int64_t>(sizeof(unsigned));
  device_entries_ = Buffer(stream, entry_bytes);
  device_chunks_ = Buffer(stream, chunk_bytes);
  device_tickets_ = Buffer(stream, ticket_bytes);
  copy_to_device(stream, entries_.data(), entry_bytes, device_entries_.data());
  copy_to_device(stream, chunks.data(), chunk_bytes, device_chunks_.data());
  fill_zero(stream, device_tickets_.data(), ticket_bytes);
}

std::int64_t TensorStatsTable::workspace_bytes() const {
  // A record per chunk; on a device other than cpu one per node.
  const bool is_on_gpu = device_entries_.device() != DeviceType::kCpu;
  return (is_on_gpu ? node_count() : chunk_count_) * std::int64_t{sizeof(TensorStats)};
}

void tensor_stats(Stream& stream, const TensorStatsTable& table, const VectorView<TensorStats>& out,
                  Buffer& workspace) {
  validate::readable(kOp, "out", out);
  if (out.count != table.record_count()) {
    validate::fail(kOp, fmt::format("out has {} records, a table of {} tensors needs {}", out.count,
                                    table.size(), table.record_count()));
  }
  if (workspace.bytes() < table.workspace_bytes()) {
    validate::fail(kOp, fmt::format("the workspace has {} bytes, {} are needed", workspace.bytes(),
                                    table.workspace_bytes()));
  }
  if (workspace.bytes() > 0 && workspace.device() != stream.device()) {
    validate::fail(kOp, fmt::format("the workspace is on {}, the stream on {}",
                                    name(workspace.device()), name(stream.device())));
  }
  run_kernel(stream, kOp, TensorStatsPass{table, out, workspace.data()});
}

}  // namespace gradvitals
