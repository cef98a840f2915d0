#include "kernels/tensor_stats.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/backend.h"
#include "kernels/stream.h"
#include "kernels/validate.h"

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
                        .first_group = group_count_,
                        .gradient = is_gradient ? gradient_count_ : -1,
                        .first_element = gradient_elements});
    if (is_gradient) {
      gradient_count_ += 1;
      gradient_elements += count;
    }
    const std::int64_t chunks = (count + kChunkElements - 1) / kChunkElements;
    chunk_count_ += chunks;
    if (chunks > 1) group_count_ += (chunks + kGroupChunks - 1) / kGroupChunks;
    element_count_ += count;
  }
  if (stream.device() != DeviceType::kCpu) upload(stream);
}

void TensorStatsTable::upload(Stream& stream) {
  const std::int64_t entry_bytes = size() * static_cast<std::int64_t>(sizeof(Entry));
  // One for each group of chunks, entry and group of gradients, and one for all of these.
  const std::int64_t tickets = group_count_ + size() + gradient_group_count() + 1;
  const std::int64_t ticket_bytes = tickets * static_cast<std::int64_t>(sizeof(unsigned));
  device_entries_ = Buffer(stream, entry_bytes);
  device_tickets_ = Buffer(stream, ticket_bytes);
  copy_to_device(stream, entries_.data(), entry_bytes, device_entries_.data());
  fill_zero(stream, device_tickets_.data(), ticket_bytes);
}

std::int64_t TensorStatsTable::workspace_bytes() const {
  // A record per chunk; on a device other than cpu one per group, gradient and group of gradients
  // as well.
  const bool is_on_gpu = device_tickets_.data() != nullptr;
  const std::int64_t more = is_on_gpu ? group_count_ + gradient_count_ + gradient_group_count() : 0;
  return (chunk_count_ + more) * static_cast<std::int64_t>(sizeof(TensorStats));
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
  stream.backend()->tensor_stats(table, out, workspace);
}

}  // namespace gradvitals
