// Contract: prepare_b and finish_c of kernels/ops/cpu/gemm.h, workspace.h. Oracle: a naive product in more
// precision. Tolerance: dot_product().
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

#include "kernels/ops/cpu/block_task.h"
#include "kernels/ops/cpu/gemm.h"
#include "kernels/ops/cpu/workspace.h"
#include "kernels/runtime/cpu/thread_pool.h"
#include "tests/support/matrix.h"
#include "tests/support/special_values.h"

namespace gradvitals::test {
namespace {

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

TEST(CpuGemmTasks, PreparesEachElementOfBOnceAndFinishesEachOfCOnce) {
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

TEST(CpuGemmTasks, RefusesToPrepareWhatItWouldReadTwice) {
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

TEST(CpuGemmTasks, RethrowsWhatATaskThrows) {
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
