// Typed views of contiguous memory: the arguments of ops.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace gradvitals {

/// `count` contiguous elements.
template <class T>
struct VectorView {
  T* data = nullptr;
  std::int64_t count = 0;

  operator VectorView<const T>() const requires(!std::is_const_v<T>) { return {data, count}; }
};

/// A row-major matrix without padding: element (r, c) is data[r * cols + c].
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  std::int64_t count() const { return rows * cols; }
  VectorView<T> flat() const { return {data, count()}; }

  operator MatrixView<const T>() const requires(!std::is_const_v<T>) { return {data, rows, cols}; }
};

/// "(rows, cols)" and "(count,)", for error messages.
std::string shape_text(std::int64_t rows, std::int64_t cols);
std::string shape_text(std::int64_t count);

}  // namespace gradvitals
