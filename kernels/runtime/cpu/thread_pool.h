// ThreadPool: the worker threads of a cpu backend.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gradvitals {

/// A blocking pool with a static partition: which thread runs which task depends on the counts
/// alone. Threads start at the first call that needs them and sleep between calls, so that a
/// program that stays small never pays for them.
class ThreadPool {
 public:
  /// `threads` counts the caller, which works too. Throws std::invalid_argument below 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  /// Calls task(i) once for each i in [0, task_count) and returns when all have returned. One task,
  /// one thread, or a call from inside a task run on the caller alone. Where tasks throw, the
  /// exception of the first thread (in partition order) is rethrown; the tasks after a throw on
  /// the same thread are not run.
  template <class Task>
  void parallel_for(std::int64_t task_count, Task&& task) {
    if (task_count <= 1 || threads_ == 1) {
      for (std::int64_t i = 0; i < task_count; ++i) task(i);
    } else {
      run(task_count, std::ref(task));
    }
  }

  /// Cuts [0, count) into at most threads() contiguous ranges and calls task(begin, end) for each,
  /// none for an empty range. Boundaries are multiples of `grain`, the smallest worthwhile range.
  template <class Task>
  void parallel_ranges(std::int64_t count, std::int64_t grain, Task&& task) {
    const std::int64_t grains = (count + grain - 1) / grain;
    const std::int64_t pieces = std::min<std::int64_t>(threads_, grains);
    parallel_for(pieces, [&](std::int64_t i) {
      task(grains * i / pieces * grain, std::min(count, grains * (i + 1) / pieces * grain));
    });
  }

 private:
  using Task = std::function<void(std::int64_t)>;

  void run(std::int64_t task_count, const Task& task);
  void start_workers();
  void stop_workers() noexcept;
  void work(int thread);
  void run_share(int thread) noexcept;

  const int threads_;
  std::atomic<bool> in_use_ = false;

  std::mutex mutex_;  // Guards the members below, but for the job while workers run it.
  std::condition_variable wake_;
  std::condition_variable done_;
  std::uint64_t generation_ = 0;
  int unfinished_ = 0;
  bool stopping_ = false;
  const Task* task_ = nullptr;
  std::int64_t task_count_ = 0;
  std::vector<std::exception_ptr> errors_;  // One a thread.
  std::vector<std::thread> workers_;
};

}  // namespace gradvitals
