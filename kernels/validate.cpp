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

void disjoint(std::string_view op, std::string_view argument_a, const void* a, std::int64_t a_bytes,
              std::string_view argument_b, const void* b, std::int64_t b_bytes) {
  if (a_bytes == 0 || b_bytes == 0) return;
  const auto a_begin = reinterpret_cast<std::uintptr_t>(a);
  const auto b_begin = reinterpret_cast<std::uintptr_t>(b);
  const bool apart = a_begin + static_cast<std::uintptr_t>(a_bytes) <= b_begin ||
                     b_begin + static_cast<std::uintptr_t>(b_bytes) <= a_begin;
  if (!apart) fail(op, fmt::format("{} and {} share memory", argument_a, argument_b));
}

void known(std::string_view op, Activation activation) {
  if (activation == Activation::kNone) fail(op, "activation none cannot be computed");
}

}  // namespace gradvitals::validate
