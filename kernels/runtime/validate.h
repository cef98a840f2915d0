// The checks a contract function makes before a kernel sees the arguments. Private to kernels/.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "kernels/runtime/matrix_view.h"

namespace gradvitals::validate {

/// Throws std::invalid_argument("<op>: <message>").
[[noreturn]] void fail(std::string_view op, std::string_view message);

/// The shape of an argument, with the name it has in the op's contract.
struct Shape {
  std::string_view argument;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  bool is_vector = false;

  bool operator==(const Shape& other) const { return rows == other.rows && cols == other.cols; }
};

/// "x (2, 3)".
std::string text(const Shape& shape);

template <class T>
Shape shape(std::string_view argument, const MatrixView<T>& view) {
  return {argument, view.rows, view.cols, false};
}
template <class T>
Shape shape(std::string_view argument, const VectorView<T>& view) {
  return {argument, 1, view.count, true};
}

/// Throws where a dimension is negative, or elements are promised and `data` is null.
void readable(std::string_view op, const Shape& shape, const void* data);

template <class View>
void readable(std::string_view op, std::string_view argument, const View& view) {
  readable(op, shape(argument, view), view.data);
}

/// Throws "<op>: <a> (2, 3) does not fit <b> (4, 5)".
[[noreturn]] void shape_mismatch(std::string_view op, const Shape& a, const Shape& b);

/// Throws shape_mismatch() where the shapes differ.
inline void same_shape(std::string_view op, const Shape& a, const Shape& b) {
  if (!(a == b)) shape_mismatch(op, a, b);
}

template <class ViewA, class ViewB>
void same_shape(std::string_view op, std::string_view argument_a, const ViewA& a,
                std::string_view argument_b, const ViewB& b) {
  same_shape(op, shape(argument_a, a), shape(argument_b, b));
}

/// readable(), and same_shape() with an argument that was checked.
template <class View, class Other>
void fits(std::string_view op, std::string_view argument, const View& view,
          std::string_view other_argument, const Other& other) {
  readable(op, argument, view);
  same_shape(op, argument, view, other_argument, other);
}

/// The memory of an argument; none where its data is null.
struct Memory {
  std::string_view argument;
  const void* data = nullptr;
  std::int64_t bytes = 0;
};

template <class T>
Memory memory(std::string_view argument, const VectorView<T>& view) {
  return {argument, view.data, view.count * static_cast<std::int64_t>(sizeof(T))};
}
template <class T>
Memory memory(std::string_view argument, const MatrixView<T>& view) {
  return memory(argument, view.flat());
}

/// Throws where `a` and `b` share memory.
void disjoint(std::string_view op, const Memory& a, const Memory& b);

/// The same for an op that may run in place (`out` and `in` start at the same byte), but not on a
/// shifted copy of its input.
inline void in_place_or_disjoint(std::string_view op, const Memory& out, const Memory& in) {
  if (out.data != in.data) disjoint(op, out, in);
}

/// Throws where an output shares memory with an input or with another output.
void outputs_disjoint(std::string_view op, std::initializer_list<Memory> outputs,
                      std::initializer_list<Memory> inputs);

}  // namespace gradvitals::validate
