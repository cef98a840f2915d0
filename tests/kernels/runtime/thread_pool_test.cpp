// Contract: kernels/runtime/cpu/thread_pool.h.
#include "kernels/runtime/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

TEST(ThreadPool, RunsEveryTaskOnce) {
  for (const int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    for (const std::int64_t count : {0, 1, 2, 6, 7, 8, 1000}) {
      std::vector<int> runs(static_cast<std::size_t>(count));
      pool.parallel_for(count, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
      EXPECT_EQ(runs, std::vector<int>(static_cast<std::size_t>(count), 1)) << threads;
    }
  }
}

TEST(ThreadPool, SharesTasksAmongAllItsThreads) {
  ThreadPool pool(3);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  pool.parallel_for(3, [&](std::int64_t) {
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_TRUE(ids.contains(std::this_thread::get_id())) << "the caller works, too";
}

TEST(ThreadPool, GivesATaskToTheSameThreadEveryTime) {
  ThreadPool pool(4);
  const auto partition = [&] {
    std::vector<std::thread::id> ids(10);
    pool.parallel_for(
        10, [&](std::int64_t i) { ids[static_cast<std::size_t>(i)] = std::this_thread::get_id(); });
    return ids;
  };
  const auto first = partition();
  for (int run = 0; run < 20; ++run) EXPECT_EQ(partition(), first);
}

TEST(ThreadPool, CutsARangeIntoGrains) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    for (const std::int64_t count : {0, 1, 15, 16, 17, 48, 100, 1001}) {
      std::mutex mutex;
      std::set<std::pair<std::int64_t, std::int64_t>> ranges;
      pool.parallel_ranges(count, 16, [&](std::int64_t begin, std::int64_t end) {
        const std::lock_guard lock(mutex);
        ranges.emplace(begin, end);
      });
      EXPECT_LE(ranges.size(), static_cast<std::size_t>(threads));
      std::int64_t next = 0;
      for (const auto& [begin, end] : ranges) {
        EXPECT_EQ(begin, next);
        EXPECT_EQ(begin % 16, 0);
        EXPECT_GT(end, begin);
        next = end;
      }
      EXPECT_EQ(next, count);
    }
  }
}

TEST(ThreadPool, RethrowsTheFirstThreadsExceptionAndStaysUsable) {
  ThreadPool pool(4);
  for (int run = 0; run < 20; ++run) {
    try {
      pool.parallel_for(8, [](std::int64_t i) {
        if (i >= 2) throw std::runtime_error("task " + std::to_string(i));
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "task 2");
    }
  }
  std::atomic<int> runs = 0;
  pool.parallel_for(8, [&](std::int64_t) { ++runs; });
  EXPECT_EQ(runs, 8);
}

TEST(ThreadPool, RunsACallFromInsideATask) {
  ThreadPool pool(2);
  std::atomic<int> runs = 0;
  pool.parallel_for(2, [&](std::int64_t) { pool.parallel_for(10, [&](std::int64_t) { ++runs; }); });
  EXPECT_EQ(runs, 20);
}

TEST(ThreadPool, ServesTwoCallersAtOnce) {
  ThreadPool pool(2);
  std::atomic<std::int64_t> sum = 0;
  const auto call = [&] {
    for (int run = 0; run < 200; ++run) pool.parallel_for(5, [&](std::int64_t i) { sum += i; });
  };
  std::thread other(call);
  call();
  other.join();
  EXPECT_EQ(sum, 2 * 200 * (0 + 1 + 2 + 3 + 4));
}

TEST(ThreadPool, SeesWhatTheCallerWroteAndShowsWhatTasksWrote) {
  ThreadPool pool(3);
  std::vector<std::int64_t> values(300);
  for (std::int64_t run = 0; run < 100; ++run) {
    std::iota(values.begin(), values.end(), run);
    pool.parallel_for(300, [&](std::int64_t i) { values[static_cast<std::size_t>(i)] *= 2; });
    for (std::int64_t i = 0; i < 300; ++i) {
      ASSERT_EQ(values[static_cast<std::size_t>(i)], 2 * (run + i));
    }
  }
}

TEST(ThreadPool, RefusesFewerThanOneThread) {
  expect_invalid([] { ThreadPool pool(0); }, {"ThreadPool: 0 threads"});
}

}  // namespace
}  // namespace gradvitals::test
