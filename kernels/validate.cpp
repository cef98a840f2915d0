#include "kernels/validate.h"

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace gradvitals::validate {
namespace {

std::string text(const Shape& shape) {
  return fmt::format("{} {}", shape.argument,
                     shape.is_vector ? shape_text(shape.cols) : shape_text(shape.rows, shape.cols));
}

}  // namespace

void fail(std::string_view op, std::string_view message) {
  throw std::invalid_argument(fmt::format("{}: {}", op, message));
}

void readable(std::string_view op, const Shape& shape, const void* data) {
  if (shape.rows < 0 || shape.cols < 0) fail(op, text(shape) + " has a negative dimension");
  if (data == nullptr && shape.rows > 0 && shape.cols > 0) fail(op, text(shape) + " has no data");
}

void misfit(std::string_view op, const Shape& a, const Shape& b) {
  fail(op, text(a) + " does not fit " + text(b));
}

void disjoint(std::string_view op, const Memory& a, const Memory& b) {
  if (a.data == nullptr || b.data == nullptr) return;
  const auto a_begin = reinterpret_cast<std::uintptr_t>(a.data);
  const auto b_begin = reinterpret_cast<std::uintptr_t>(b.data);
  const bool apart = a_begin + static_cast<std::uintptr_t>(a.bytes) <= b_begin ||
                     b_begin + static_cast<std::uintptr_t>(b.bytes) <= a_begin;
  if (!apart) fail(op, fmt::format("{} and {} share memory", a.argument, b.argument));
}

void outputs_disjoint(std::string_view op, std::initializer_list<Memory> outputs,
                      std::initializer_list<Memory> inputs) {
  for (const Memory* output = outputs.begin(); output != outputs.end(); ++output) {
    for (const Memory& input : inputs) disjoint(op, *output, input);
    for (const Memory* other = outputs.begin(); other != output; ++other) {
      disjoint(op, *other, *output);
    }
  }
}

void fail(std::string_view op, const TensorView& view, std::string_view message) {
  fail(op, fmt::format("view '{}' {} {}", view.name, shape_text(view.rows, view.cols), message));
}

void misfit(std::string_view op, const TensorView& view, const Shape& argument) {
  fail(op, view, fmt::format("does not fit {}", text(argument)));
}

void matrix(std::string_view op, const TensorView& view, DeviceType device) {
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

void known(std::string_view op, Activation activation) {
  if (activation == Activation::kNone) fail(op, "activation none cannot be computed");
}

}  // namespace gradvitals::validate
