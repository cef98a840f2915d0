#include "kernels/runtime/validate.h"

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace gradvitals::validate {

std::string text(const Shape& shape) {
  return fmt::format("{} {}", shape.argument,
                     shape.is_vector ? shape_text(shape.cols) : shape_text(shape.rows, shape.cols));
}

void fail(std::string_view op, std::string_view message) {
  throw std::invalid_argument(fmt::format("{}: {}", op, message));
}

void readable(std::string_view op, const Shape& shape, const void* data) {
  if (shape.rows < 0 || shape.cols < 0) fail(op, text(shape) + " has a negative dimension");
  if (data == nullptr && shape.rows > 0 && shape.cols > 0) fail(op, text(shape) + " has no data");
}

void shape_mismatch(std::string_view op, const Shape& a, const Shape& b) {
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

}  // namespace gradvitals::validate
