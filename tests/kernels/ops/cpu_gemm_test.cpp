// Contract: kernels/ops/cpu/gemm.h. Oracle: a naive product in more precision. Tolerance: dot_product().
#include "kernels/ops/cpu/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

#include "kernels/ops/cpu/block_task.h"
#include "kernels/ops/cpu/workspace.h"
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

// ---- tasks

/// How often each element of a matrix was in a block, and whether the rows of each column came in
/// ascending order and on one thread.
class Visits {
 public:
  Visits(std::int64_t rows, std::int64_t columns)
      : columns_(columns),
        counts_(static_cast<std::size_t>(rows * columns)),
        next_row_(static_cast<std::size_t>(columns)),
        threads_(static_cast<std::size_t>(columns)) {}

  void add(const cpu::Block& block) {
    const std::lock_guard lock(mutex_);
    for (std::int64_t j = block.column; j < block.column + block.columns; ++j) {
      const auto column = static_cast<std::size_t>(j);
      in_order_ = in_order_ && next_row_.at(column) == block.row &&
                  (block.row == 0 || threads_[column] == std::this_thread::get_id());
      next_row_[column] = block.row + block.rows;
      threads_[column] = std::this_thread::get_id();
      for (std::int64_t i = block.row; i < block.row + block.rows; ++i) {
        ++counts_.at(static_cast<std::size_t>(i * columns_ + j));
      }
    }
  }

  bool each_once() const {
    return std::ranges::all_of(counts_, [](int count) { return count == 1; });
  }
  bool in_order() const { return in_order_; }

 private:
  std::mutex mutex_;
  std::int64_t columns_;
  std::vector<int> counts_;
  std::vector<std::int64_t> next_row_;
  std::vector<std::thread::id> threads_;
  bool in_order_ = true;
};

/// A product whose b and d = 2 c are made by its tasks, where it takes one for b. b is NaN until it is made.
struct Tasks {
  std::int64_t m, n, k;
  Matrix<float> a{0, 0}, source{0, 0}, b{0, 0}, c{0, 0}, d{0, 0};
  Visits prepared, finished;
  bool prepares = false;

  Tasks(std::int64_t rows, std::int64_t columns, std::int64_t depth)
      : m(rows),
        n(columns),
        k(depth),
        a(random_matrix<float>(m, k, 1)),
        source(random_matrix<float>(k, n, 2)),
        b(k, n),
        c(m, n),
        d(m, n),
        prepared(k, n),
        finished(m, n) {
    std::ranges::fill(b.values, kNan);
    std::ranges::fill(d.values, kNan);
  }

  void multiply(ThreadPool& pool) {
    const auto prepare = [this](const cpu::Block& block) {
      EXPECT_EQ(block.row % cpu::kPreparedRows, 0);
      for_each(block, [this](std::int64_t i, std::int64_t j) { b(i, j) = source(i, j); });
      prepared.add(block);
    };
    const auto finish = [this](const cpu::Block& block) {
      for_each(block, [this](std::int64_t i, std::int64_t j) { d(i, j) = 2 * c(i, j); });
      finished.add(block);
    };
    cpu::Product<float> product{.m = m,
                                .n = n,
                                .k = k,
                                .a = a.values.data(),
                                .lda = k,
                                .b = b.values.data(),
                                .ldb = n,
                                .c = c.values.data(),
                                .ldc = n,
                                .finish_c = cpu::BlockTask(finish)};
    prepares = cpu::prepares_b(pool, product);
    if (prepares) {
      product.prepare_b = cpu::BlockTask(prepare);
    } else {
      b = source;
    }
    cpu::multiply(pool, product);
  }

  static void for_each(const cpu::Block& block, const auto& call) {
    for (std::int64_t i = block.row; i < block.row + block.rows; ++i) {
      for (std::int64_t j = block.column; j < block.column + block.columns; ++j) call(i, j);
    }
  }
};

TEST(CpuGemm, PreparesEachElementOfBOnceAndFinishesEachOfCOnce) {
  int prepared = 0;
  for (const auto& [m, n, k] : {std::tuple{1, 1, 1},
                                {5, 7, 3},
                                {100, 64, 64},
                                {1, 90, 40},
                                {90, 1, 40},
                                {300, 600, 500},
                                {1200, 300, 500},
                                {300, 67, 1203},
                                {700, 2100, 390},
                                {300, 400, 0},
                                {400, 300, 0},
                                {0, 70, 30},
                                {70, 0, 30}}) {
    for (const int threads : {1, 2, 3, 8}) {
      SCOPED_TRACE(::testing::Message()
                   << m << " x " << n << " x " << k << " on " << threads << " threads");
      ThreadPool pool(threads);
      Tasks tasks(m, n, k);
      tasks.multiply(pool);
      if (tasks.prepares) {
        ++prepared;
        EXPECT_TRUE(tasks.prepared.each_once());
        EXPECT_TRUE(tasks.prepared.in_order());
        EXPECT_EQ(tasks.b.values, tasks.source.values);
      }
      EXPECT_TRUE(tasks.finished.each_once());
      Matrix<float> doubled = tasks.c;
      for (float& value : doubled.values) value *= 2;
      EXPECT_EQ(tasks.d.values, doubled.values);
      if (m * n * k < 100'000'000) {
        EXPECT_TRUE(compare(tasks.c, exact_product(tasks.a, tasks.source)));
      }
    }
  }
  EXPECT_GE(prepared, 6);
}

TEST(CpuGemm, RefusesToPrepareWhatItWouldReadTwice) {
  ThreadPool pool(1);
  const std::vector<float> values(100, 1.0f);
  std::vector<float> c(100);
  const auto prepare = [](const cpu::Block&) {};
  EXPECT_THROW(cpu::multiply(pool, cpu::Product<float>{.m = 10,
                                                       .n = 10,
                                                       .k = 10,
                                                       .a = values.data(),
                                                       .lda = 10,
                                                       .b = values.data(),
                                                       .ldb = 10,
                                                       .c = c.data(),
                                                       .ldc = 10,
                                                       .prepare_b = cpu::BlockTask(prepare)}),
               std::logic_error);
}

TEST(CpuGemm, RethrowsWhatATaskThrows) {
  ThreadPool pool(3);
  const std::vector<float> a(300 * 500, 1.0f);
  const std::vector<float> b(500 * 600, 1.0f);
  std::vector<float> c(300 * 600);
  const auto fail = [](const cpu::Block&) { throw std::runtime_error("no"); };
  cpu::Product<float> product{.m = 300,
                              .n = 600,
                              .k = 500,
                              .a = a.data(),
                              .lda = 500,
                              .b = b.data(),
                              .ldb = 600,
                              .c = c.data(),
                              .ldc = 600,
                              .finish_c = cpu::BlockTask(fail)};
  EXPECT_THROW(cpu::multiply(pool, product), std::runtime_error);
  product.finish_c = {};
  cpu::multiply(pool, product);
  EXPECT_TRUE(std::ranges::all_of(c, [](float value) { return value == 500; }));
}

TEST(Workspace, GrowsAndIsKept) {
  float* const first = cpu::workspace<float>(1000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0);
  EXPECT_EQ(cpu::workspace<float>(10), first);
  EXPECT_EQ(cpu::workspace<float>(1000), first);
  float* const grown = cpu::workspace<float>(1'000'000);
  grown[999'999] = 1;
  EXPECT_EQ(cpu::workspace<float>(1000), grown);
}

}  // namespace
}  // namespace gradvitals::test
