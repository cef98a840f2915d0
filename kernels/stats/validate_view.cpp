#include "kernels/stats/validate_view.h"

#include <fmt/format.h>

#include <cstdint>

namespace gradvitals::validate {

void fail(std::string_view op, const TensorView& view, std::string_view message) {
  fail(op, fmt::format("view '{}' {} {}", view.name, shape_text(view.rows, view.cols), message));
}

void shape_mismatch(std::string_view op, const TensorView& view, const Shape& argument) {
  fail(op, view, fmt::format("does not fit {}", text(argument)));
}

void matrix(std::string_view op, const TensorView& view, const Device& device) {
  if (view.rows < 0 || view.cols < 0) fail(op, view, "has a negative dimension");
  if (view.count != view.rows * view.cols) {
    fail(op, view, fmt::format("does not have {} elements", view.count));
  }
  if (view.count == 0) return;
  if (view.data == nullptr) fail(op, view, "has no data");
  if (view.device != device) {
    fail(op, view, fmt::format("is on {}, the stream on {}", name(view.device), name(device)));
  }
  const auto address = reinterpret_cast<std::uintptr_t>(view.data);
  const std::int64_t bytes = size_in_bytes(view.dtype);
  if (address % static_cast<std::uintptr_t>(bytes) != 0) {
    fail(op, view, fmt::format("does not start at a multiple of {} bytes", bytes));
  }
}

}  // namespace gradvitals::validate
