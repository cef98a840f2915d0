// Typed views of contiguous memory: the arguments of ops.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace gradvitals {

/// U is T made const: the one conversion that views allow.
template <class U, class T>
concept ConstOf = std::is_same_v<U, const T> && !std::is_same_v<U, T>;

/// `count` contiguous elements.
template <class T>
struct VectorView {
  T* data = nullptr;
  std::int64_t count = 0;

  template <ConstOf<T> U>
  operator VectorView<U>() const {
    return {data, count};
  }
};

/// A row-major matrix without padding: element (r, c) is data[r * cols + c].
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  std::int64_t count() const { return rows * cols; }
  VectorView<T> flat() const { return {data, count()}; }

  template <ConstOf<T> U>
  operator MatrixView<U>() const {
    return {data, rows, cols};
  }
};

/// "(rows, cols)" and "(count,)", for error messages.
std::string shape_text(std::int64_t rows, std::int64_t cols);
std::string shape_text(std::int64_t count);

}  // namespace gradvitals
