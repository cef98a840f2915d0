#include "kernels/stats/exponent_histogram.h"

#include <fmt/format.h>

#include <cstdint>
#include <numeric>
#include <string_view>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/validate_view.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "exponent_histogram";

void check_view(const TensorView& view, const Device& device, const validate::Memory& out) {
  if (view.count < 0) {
    validate::fail(kOp, fmt::format("view '{}' has the count {}", view.name, view.count));
  }
  if (view.data == nullptr || view.count == 0) return;
  if (view.device != device) {
    validate::fail(kOp, fmt::format("view '{}' is on {}, the stream on {}", view.name,
                                    name(view.device), name(device)));
  }
  const std::int64_t size = size_in_bytes(view.dtype);
  if (reinterpret_cast<std::uintptr_t>(view.data) % static_cast<std::uintptr_t>(size) != 0) {
    validate::fail(kOp, fmt::format("view '{}' does not start at a multiple of its {} bytes per {}",
                                    view.name, size, name(view.dtype)));
  }
  validate::disjoint(kOp, out, {view.name.text(), view.data, view.count * size});
}

}  // namespace

std::int64_t ExponentHistogram::count() const {
  return std::accumulate(bins.begin(), bins.end(), std::int64_t{0}) + zero_count + nan_count +
         positive_inf_count + negative_inf_count;
}

void exponent_histogram(Stream& stream, const ExponentHistogramPass& pass) {
  validate::readable(kOp, "out", pass.out);
  if (pass.out.count != std::ssize(pass.views)) {
    validate::fail(
        kOp, fmt::format("out has {} records for {} views", pass.out.count, pass.views.size()));
  }
  const validate::Memory out = validate::memory("out", pass.out);
  for (const TensorView& view : pass.views) check_view(view, stream.device(), out);
  if (!pass.views.empty()) run_kernel(stream, kOp, pass);
}

}  // namespace gradvitals
