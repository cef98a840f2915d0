// Matrices in host memory and the naive product, the oracle of every op made of products.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

#include "tests/support/expect_close.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {

/// A row-major host matrix.
template <class T>
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<T> values;

  Matrix(std::int64_t row_count, std::int64_t col_count)
      : rows(row_count), cols(col_count), values(static_cast<std::size_t>(row_count * col_count)) {}

  T& operator()(std::int64_t r, std::int64_t c) {
    return values[static_cast<std::size_t>(r * cols + c)];
  }
  T operator()(std::int64_t r, std::int64_t c) const {
    return values[static_cast<std::size_t>(r * cols + c)];
  }
};

/// Uniform in [-1, 1).
template <class T>
Matrix<T> random_matrix(std::int64_t rows, std::int64_t cols, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<T> uniform(-1, 1);
  Matrix<T> matrix(rows, cols);
  for (T& value : matrix.values) value = uniform(engine);
  return matrix;
}

template <class T>
Matrix<T> transposed(const Matrix<T>& matrix) {
  Matrix<T> result(matrix.cols, matrix.rows);
  for (std::int64_t r = 0; r < matrix.rows; ++r) {
    for (std::int64_t c = 0; c < matrix.cols; ++c) result(c, r) = matrix(r, c);
  }
  return result;
}

/// What an oracle of T accumulates in.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;

/// A product in more precision than is tested, with the sum of the magnitudes of its terms, to
/// which the tolerance is relative.
template <class T>
struct ExactProduct {
  Matrix<Wide<T>> value;
  Matrix<Wide<T>> magnitude;
  std::int64_t terms = 0;

  /// value += addend, of which each element is one term more.
  template <class U>
  void add(const Matrix<U>& addend) {
    for (std::size_t i = 0; i < value.values.size(); ++i) {
      value.values[i] += addend.values[i];
      magnitude.values[i] += std::fabs(static_cast<Wide<T>>(addend.values[i]));
    }
    ++terms;
  }
};

/// scale * a b, of (M,K) and (K,N).
template <class T>
ExactProduct<T> exact_product(const Matrix<T>& a, const Matrix<T>& b, T scale = 1) {
  ExactProduct<T> product{{a.rows, b.cols}, {a.rows, b.cols}, a.cols};
  for (std::int64_t i = 0; i < a.rows; ++i) {
    for (std::int64_t k = 0; k < a.cols; ++k) {
      const Wide<T> factor = static_cast<Wide<T>>(scale) * a(i, k);
      for (std::int64_t j = 0; j < b.cols; ++j) {
        const Wide<T> term = factor * b(k, j);
        product.value(i, j) += term;
        product.magnitude(i, j) += std::fabs(term);
      }
    }
  }
  return product;
}

/// Every element within the rounding bound of a sum in T.
template <class T>
::testing::AssertionResult compare(const Matrix<T>& got, const ExactProduct<T>& expected) {
  if (got.rows != expected.value.rows || got.cols != expected.value.cols) {
    return ::testing::AssertionFailure() << "shapes differ";
  }
  for (std::size_t i = 0; i < got.values.size(); ++i) {
    const auto want = static_cast<double>(expected.value.values[i]);
    const Tolerance tolerance =
        dot_product<T>(expected.terms, static_cast<double>(expected.magnitude.values[i]));
    if (!is_close(static_cast<double>(got.values[i]), want, tolerance)) {
      return ::testing::AssertionFailure()
             << std::setprecision(17) << "at (" << static_cast<std::int64_t>(i) / got.cols << ", "
             << static_cast<std::int64_t>(i) % got.cols << "): expected " << want << ", got "
             << got.values[i] << ", tolerance " << tolerance.absolute;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace gradvitals::test
