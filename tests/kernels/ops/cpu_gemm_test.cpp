// Contract: kernels/ops/cpu/gemm.h. Oracle: a naive product in more precision. Tolerance: dot_product().
#include "kernels/ops/cpu/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include "kernels/runtime/cpu/thread_pool.h"
#include "tests/kernels/ops/gemm_case.h"
#include "tests/support/matrix.h"
#include "tests/support/special_values.h"

namespace gradvitals::test {
namespace {

template <class T>
using Multiply = void (*)(const cpu::Product<T>&);

template <class T>
struct CpuAlgorithm {
  const char* name;
  Multiply<T> multiply;
};

template <class T>
void multiply_on_one_thread(const cpu::Product<T>& product) {
  ThreadPool pool(1);
  cpu::multiply(pool, product);
}

template <class T>
constexpr std::array<CpuAlgorithm<T>, 5> kCpuAlgorithms = {
    {{"naive", &cpu::multiply_naive},
     {"blocked", &cpu::multiply_blocked},
     {"register_tiled", &cpu::multiply_register_tiled},
     {"packed", &cpu::multiply_packed},
     {"the one that is chosen", &multiply_on_one_thread<T>}}};

/// A matrix in memory, its rows `gap` elements further apart than they are long, NaN between them. Nothing
/// stands behind the last row, so that a sanitizer sees who reads there; nothing is aligned.
template <class T>
class Strided {
 public:
  Strided(const Matrix<T>& matrix, std::int64_t gap)
      : rows_(matrix.rows),
        cols_(matrix.cols),
        stride_(matrix.cols + gap),
        values_(static_cast<std::size_t>(kMargin + rows_ * stride_ - gap),
                std::numeric_limits<T>::quiet_NaN()) {
    for (std::int64_t r = 0; r < rows_; ++r) {
      for (std::int64_t c = 0; c < cols_; ++c) data()[r * stride_ + c] = matrix(r, c);
    }
  }

  T* data() { return values_.data() + kMargin; }
  std::int64_t stride() const { return stride_; }

  Matrix<T> matrix() {
    Matrix<T> result(rows_, cols_);
    for (std::int64_t r = 0; r < rows_; ++r) {
      for (std::int64_t c = 0; c < cols_; ++c) result(r, c) = data()[r * stride_ + c];
    }
    return result;
  }

  /// Whether what lies before and between the rows is as it was.
  bool gaps_intact() {
    bool intact = std::isnan(values_[0]);
    for (std::int64_t r = 0; r + 1 < rows_; ++r) {
      for (std::int64_t c = cols_; c < stride_; ++c) {
        intact = intact && std::isnan(data()[r * stride_ + c]);
      }
    }
    return intact;
  }

 private:
  static constexpr std::int64_t kMargin = 1;

  std::int64_t rows_;
  std::int64_t cols_;
  std::int64_t stride_;
  std::vector<T> values_;
};

/// The operands of a case, with a bias.
template <class T>
struct CpuOperands {
  Matrix<T> a, b, c, bias;

  explicit CpuOperands(const GemmCase& test)
      : a(random_matrix<T>(test.m, test.k, 1)),
        b(random_matrix<T>(test.k, test.n, 2)),
        c(random_matrix<T>(test.m, test.n, 3)),
        bias(random_matrix<T>(1, test.n, 4)) {}

  ExactProduct<T> expected(const GemmCase& test) const {
    ExactProduct<T> product = exact_product(a, b, static_cast<T>(test.alpha));
    Matrix<T> rest = c;
    for (std::int64_t r = 0; r < c.rows; ++r) {
      for (std::int64_t j = 0; j < c.cols; ++j) rest(r, j) = static_cast<T>(test.beta) * c(r, j);
    }
    product.add(rest);
    for (std::int64_t r = 0; r < c.rows; ++r) {
      for (std::int64_t j = 0; j < c.cols; ++j) rest(r, j) = bias(0, j);
    }
    product.add(rest);
    return product;
  }
};

/// The product by `multiply`, which leaves alone what lies around c. Without gaps, rows of one element are
/// contiguous, which makes dot products of some products.
template <class T, class Call>
Matrix<T> product_by(const Call& multiply, const GemmCase& test, const CpuOperands<T>& operands,
                     bool with_gaps = true) {
  Strided<T> a(test.transpose_a ? transposed(operands.a) : operands.a, with_gaps ? 3 : 0);
  Strided<T> b(test.transpose_b ? transposed(operands.b) : operands.b, with_gaps ? 5 : 0);
  Strided<T> c(operands.c, with_gaps ? 7 : 0);
  const std::vector<T> bias = operands.bias.values;
  multiply(cpu::Product<T>{.m = test.m,
                           .n = test.n,
                           .k = test.k,
                           .a = a.data(),
                           .lda = a.stride(),
                           .transpose_a = test.transpose_a,
                           .b = b.data(),
                           .ldb = b.stride(),
                           .transpose_b = test.transpose_b,
                           .c = c.data(),
                           .ldc = c.stride(),
                           .alpha = static_cast<T>(test.alpha),
                           .beta = static_cast<T>(test.beta),
                           .bias = with_gaps ? bias.data() : nullptr});
  EXPECT_TRUE(c.gaps_intact()) << test;
  return c.matrix();
}

template <class T>
void expect_product_by_each(const GemmCase& test) {
  const CpuOperands<T> operands(test);
  const ExactProduct<T> expected = operands.expected(test);
  for (const CpuAlgorithm<T>& algorithm : kCpuAlgorithms<T>) {
    EXPECT_TRUE(compare(product_by(algorithm.multiply, test, operands), expected))
        << algorithm.name << ", " << test;
  }
}

void expect_products_in_every_layout(GemmCase test) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      test.transpose_a = transpose_a;
      test.transpose_b = transpose_b;
      expect_product_by_each<float>(test);
      expect_product_by_each<double>(test);
    }
  }
}

TEST(CpuGemmLadder, MultipliesAroundTilesAndVectors) {
  for (const std::int64_t m : {1, 2, 5, 6, 7, 11, 12, 13}) {
    for (const std::int64_t n : {1, 7, 8, 9, 15, 16, 17, 31, 33}) {
      expect_products_in_every_layout({.m = m, .n = n, .k = 5, .beta = 0.5});
    }
  }
}

TEST(CpuGemmLadder, MultipliesAroundGroupsOfStrips) {
  for (const std::int64_t n : {63, 64, 65, 127, 129}) {
    expect_products_in_every_layout({.m = 13, .n = n, .k = 37, .alpha = -1.5});
  }
}

TEST(CpuGemmLadder, MultipliesAroundBlocksOfADeepSum) {
  for (const std::int64_t k : {1, 2, 3, 4, 255, 256, 257, 383, 384, 385, 511, 513, 769, 1031}) {
    expect_products_in_every_layout({.m = 14, .n = 35, .k = k, .beta = 1});
  }
}

TEST(CpuGemmLadder, MultipliesAroundBlocksOfRows) {
  for (const std::int64_t m : {257, 521, 1033}) {
    expect_products_in_every_layout({.m = m, .n = 19, .k = 387, .beta = -1});
  }
}

TEST(CpuGemm, MultipliesMoreColumnsThanItKeepsInTheCache) {
  const GemmCase test{.m = 523, .n = 2063, .k = 385, .transpose_a = true};
  const CpuOperands<float> operands(test);
  EXPECT_TRUE(compare(product_by(Multiply<float>(cpu::multiply_packed), test, operands),
                      operands.expected(test)));
}

/// Shapes of any size, layout and scale, each with the seed that made it.
TEST(CpuGemm, MultipliesShapesDrawnAtRandom) {
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    std::mt19937 engine(seed);
    const auto size = [&] {
      const std::int64_t most = std::array{3, 20, 150, 700}[engine() % 4];
      return static_cast<std::int64_t>(engine() % static_cast<std::uint32_t>(most)) + 1;
    };
    GemmCase test{.m = size(), .n = size(), .k = size()};
    while (test.m * test.n * test.k > 10'000'000) test.n = test.n / 2 + 1;
    test.transpose_a = engine() % 2 == 0;
    test.transpose_b = engine() % 2 == 0;
    test.alpha = std::array{1.0, -0.5}[engine() % 2];
    test.beta = std::array{0.0, 1.0, 0.25}[engine() % 3];
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    expect_product_by_each<float>(test);
    expect_product_by_each<double>(test);
  }
}

TEST(CpuGemmLadder, NoAlgorithmReadsTheResultWhereBetaIsZero) {
  for (const std::int64_t size : {5, 70}) {
    const GemmCase test{.m = size, .n = size, .k = 400};
    CpuOperands<float> operands(test);
    const ExactProduct<float> expected = operands.expected(test);
    for (float& value : operands.c.values) value = kNan;
    for (const CpuAlgorithm<float>& algorithm : kCpuAlgorithms<float>) {
      EXPECT_TRUE(compare(product_by(algorithm.multiply, test, operands), expected))
          << algorithm.name;
    }
  }
}

/// In the last rows and columns, too, which tiles fill up with zeros.
TEST(CpuGemmLadder, NanAndInfinityStayInTheirRowAndColumn) {
  for (const bool transpose : {false, true}) {
    const GemmCase test{
        .m = 130, .n = 70, .k = 400, .transpose_a = transpose, .transpose_b = transpose};
    CpuOperands<float> operands(test);
    operands.a(129, 399) = kNan;
    operands.a(3, 0) = -kInf;
    operands.b(399, 69) = kInf;
    operands.b(17, 5) = kNan;
    const ExactProduct<float> expected = operands.expected(test);
    for (const CpuAlgorithm<float>& algorithm : kCpuAlgorithms<float>) {
      EXPECT_TRUE(compare(product_by(algorithm.multiply, test, operands), expected))
          << algorithm.name << ", " << test;
    }
  }
}

template <class T>
std::vector<std::uint64_t> bits_of(const std::vector<T>& values) {
  std::vector<std::uint64_t> bits;
  bits.reserve(values.size());
  for (const T value : values) {
    if constexpr (sizeof(T) == 4) {
      bits.push_back(std::bit_cast<std::uint32_t>(value));
    } else {
      bits.push_back(std::bit_cast<std::uint64_t>(value));
    }
  }
  return bits;
}

template <class T>
void expect_same_bits_on_every_number_of_threads(const GemmCase& test, bool with_gaps) {
  const CpuOperands<T> operands(test);
  const auto on = [&](ThreadPool& pool) {
    return bits_of(product_by([&](const cpu::Product<T>& p) { cpu::multiply(pool, p); }, test,
                              operands, with_gaps)
                       .values);
  };
  ThreadPool one(1);
  const std::vector<std::uint64_t> expected = on(one);
  EXPECT_EQ(on(one), expected) << test;
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(on(pool), expected) << threads << " threads, " << test;
    EXPECT_EQ(on(pool), expected) << threads << " threads once more, " << test;
  }
}

TEST(CpuGemm, GivesTheSameBitsOnEveryNumberOfThreads) {
  for (const auto& [m, n, k] : {std::tuple{1000, 64, 64},
                                {100, 784, 128},
                                {257, 259, 391},
                                {37, 1031, 300},
                                {1031, 37, 300},
                                {2053, 130, 64},
                                {70, 70, 2000},
                                {1, 3000, 900},
                                {3000, 1, 900}}) {
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        const GemmCase test{.m = m,
                            .n = n,
                            .k = k,
                            .transpose_a = transpose_a,
                            .transpose_b = transpose_b,
                            .alpha = -1.5,
                            .beta = 0.5};
        // Without gaps, thin products are dot products.
        for (const bool with_gaps : {true, false}) {
          if (!with_gaps && m > 1 && n > 1) continue;
          expect_same_bits_on_every_number_of_threads<float>(test, with_gaps);
          expect_same_bits_on_every_number_of_threads<double>(test, with_gaps);
        }
      }
    }
  }
}

}  // namespace
}  // namespace gradvitals::test
