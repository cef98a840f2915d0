#include "kernels/stats/tensor_stats_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ranges>

#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/validate_view.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "tensor_stats";
constexpr std::int64_t kRecordBytes = sizeof(TensorStats);

bool is_aligned(const void* data, DType dtype) {
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  return address % static_cast<std::uintptr_t>(size_in_bytes(dtype)) == 0;
}

void check(const TensorView& view, const Device& device) {
  if (view.count < 0) {
    validate::fail(kOp, fmt::format("view '{}' has the count {}", view.name, view.count));
  }
  if (view.data == nullptr || view.count == 0) return;
  if (view.device != device) {
    validate::fail(kOp, fmt::format("view '{}' is on {}, the stream on {}", view.name,
                                    name(view.device), name(device)));
  }
  if (!is_aligned(view.data, view.dtype)) {
    validate::fail(kOp, fmt::format("view '{}' does not start at a multiple of its {} bytes per {}",
                                    view.name, size_in_bytes(view.dtype), name(view.dtype)));
  }
}

/// Nodes of the tree over an entry's chunks; one chunk needs none.
std::int64_t nodes_of(std::int64_t chunks) {
  return chunks > 1 ? TensorStatsLayout::tree_nodes(chunks) : 0;
}

}  // namespace

TensorStatsLayout::TensorStatsLayout(Stream& stream, std::span<const TensorView> views)
    : stream_(stream) {
  entries_.reserve(views.size());
  std::int64_t gradient_elements = 0;
  for (const TensorView& view : views) {
    check(view, stream.device());
    const bool is_gradient = view.role == Role::kGradient && view.count > 0;
    entries_.push_back({.data = view.data,
                        .count = view.count,
                        .dtype = view.dtype,
                        .first_chunk = chunk_count_,
                        .gradient = is_gradient ? gradient_count_ : -1,
                        .first_element = gradient_elements});
    if (is_gradient) {
      gradient_count_ += 1;
      gradient_elements += view.count;
    }
    const std::int64_t chunks = chunks_of(view.count);
    chunk_count_ += chunks;
    first_gradient_node_ += nodes_of(chunks);
    element_count_ += view.count;
    has_empty_ = has_empty_ || view.count == 0;
  }
  has_empty_ = has_empty_ || gradient_count_ == 0;
  if (stream.device().type != DeviceType::kCpu) upload(stream);
  const bool is_on_cpu = stream.device().type == DeviceType::kCpu;
  workspace_ =
      Buffer(stream, (is_on_cpu ? chunk_count_ + gradient_count_ : node_count()) * kRecordBytes);
}

void TensorStatsLayout::upload(Stream& stream) {
  // A GPU counts them in 32 bits; trees have hardly more nodes than leaves.
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  if (std::max({size(), chunk_count_}) > kMost) {
    validate::fail(kOp, fmt::format("{} tensors of {} elements are too many for one plan", size(),
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
      ChunkSource source = {.data = nullptr,
                            .count = 0,
                            .dtype = entry.dtype,
                            .gradient = static_cast<std::int32_t>(entry.gradient)};
      if (data != nullptr) {
        source.data = data + begin * size_in_bytes(entry.dtype);
        source.count = static_cast<std::uint16_t>(count);
      }
      chunks.push_back({.source = source, .place = place});
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
  device_data_ = Buffer(stream, size() * std::int64_t{sizeof(void*)});
  copy_to_device(stream, entries_.data(), entry_bytes, device_entries_.data());
  copy_to_device(stream, chunks.data(), chunk_bytes, device_chunks_.data());
  fill_zero(stream, device_tickets_.data(), ticket_bytes);
}

void TensorStatsLayout::check_stream(const Stream& stream) const {
  if (stream == stream_) return;
  validate::fail(kOp, "the plan was made for another stream");
}

TensorStatsLayout::Upload& TensorStatsLayout::free_upload(Stream& stream) {
  // If none has finished, another one is allocated rather than waited for.
  const auto free =
      std::ranges::find_if(uploads_, [](const Upload& each) { return each.done.has_passed(); });
  if (free != uploads_.end()) return *free;
  return uploads_.emplace_back(stream, size() * std::int64_t{sizeof(void*)});
}

void TensorStatsLayout::set_data(Stream& stream, std::span<const void* const> data) {
  check_stream(stream);
  if (std::ssize(data) != size()) {
    validate::fail(kOp, fmt::format("{} pointers for a plan of {} tensors", data.size(), size()));
  }
  bool has_moved = false;
  for (std::size_t i = 0; i < data.size(); ++i) {
    // A tensor without elements lies wherever the one before it ends.
    if (entries_[i].data == data[i] || entries_[i].count == 0) continue;
    if (!is_aligned(data[i], entries_[i].dtype)) {
      validate::fail(kOp, fmt::format("pointer {} is not at a multiple of its {} bytes per {}", i,
                                      size_in_bytes(entries_[i].dtype), name(entries_[i].dtype)));
    }
    has_moved = true;
  }
  if (!has_moved) return;
  // The device first: what fails leaves both sides as they were.
  if (stream.device().type != DeviceType::kCpu) send_data(stream, data);
  for (std::size_t i = 0; i < data.size(); ++i) entries_[i].data = data[i];
}

void TensorStatsLayout::send_data(Stream& stream, std::span<const void* const> data) {
  Upload& upload = free_upload(stream);
  auto* const host = static_cast<const void**>(upload.host.data());
  std::ranges::copy(data, host);
  run_kernel(stream, "set_data",
             SetTensorData{.layout = *this,
                           .host_data = host,
                           .device_data = static_cast<const void**>(device_data_.data())});
  upload.done.record();
}

}  // namespace gradvitals
