#include "kernels/unit_stats.h"

#include <fmt/format.h>

#include <cstdint>

#include "kernels/backend.h"
#include "kernels/stream.h"
#include "kernels/validate.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "unit_stats";

[[noreturn]] void fail(const TensorView& view, std::string_view message) {
  validate::fail(
      kOp, fmt::format("view '{}' {} {}", view.name, shape_text(view.rows, view.cols), message));
}

void check(const TensorView& view, DeviceType device) {
  if (view.rows < 0 || view.cols < 0) fail(view, "has a negative dimension");
  if (view.count != view.rows * view.cols) {
    fail(view, fmt::format("does not have {} elements", view.count));
  }
  if (view.dtype != DType::kFloat32 && view.dtype != DType::kFloat64) {
    fail(view, fmt::format("is {}; F32 and F64 can be read", name(view.dtype)));
  }
  if (view.count == 0) return;
  if (view.data == nullptr) fail(view, "has no data");
  if (view.device != device) {
    fail(view, fmt::format("is on {}, the stream on {}", name(view.device), name(device)));
  }
  const auto address = reinterpret_cast<std::uintptr_t>(view.data);
  if (address % static_cast<std::uintptr_t>(size_in_bytes(view.dtype)) != 0) {
    fail(view, fmt::format("does not start at a multiple of {} bytes", size_in_bytes(view.dtype)));
  }
}

void check(const TensorView& view, std::string_view argument, const VectorView<std::int64_t>& out) {
  validate::readable(kOp, argument, out);
  if (out.count != view.cols) {
    fail(view, fmt::format("does not fit {} {}", argument, shape_text(out.count)));
  }
}

}  // namespace

void unit_stats(Stream& stream, const UnitStats& op) {
  check(op.view, stream.device());
  check(op.view, "zero_count", op.zero_count);
  check(op.view, "saturated_count", op.saturated_count);
  stream.backend()->unit_stats(op);
}

}  // namespace gradvitals
