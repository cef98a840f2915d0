#include "kernels/runtime/cpu/thread_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kernels/runtime/validate.h"

namespace gradvitals {

ThreadPool::ThreadPool(int threads) : threads_(threads) {
  if (threads < 1) validate::fail("ThreadPool", fmt::format("{} threads, at least 1", threads));
}

ThreadPool::~ThreadPool() {
  stop_workers();
}

void ThreadPool::run(std::int64_t task_count, const Task& task) {
  // A call from inside a task, or from a second caller, must not wait for workers that are taken.
  if (in_use_.exchange(true, std::memory_order_acquire)) {
    for (std::int64_t i = 0; i < task_count; ++i) task(i);
    return;
  }
  struct Release {
    std::atomic<bool>& in_use;
    ~Release() { in_use.store(false, std::memory_order_release); }
  } release{in_use_};

  if (workers_.empty()) start_workers();
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    task_count_ = task_count;
    unfinished_ = threads_ - 1;
    ++generation_;
  }
  wake_.notify_all();
  run_share(0);
  {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return unfinished_ == 0; });
  }
  std::exception_ptr first;
  for (std::exception_ptr& error : errors_) {
    if (error && !first) first = error;
    error = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

void ThreadPool::start_workers() {
  errors_.resize(static_cast<std::size_t>(threads_));
  try {
    for (int thread = 1; thread < threads_; ++thread) {
      workers_.emplace_back([this, thread] { work(thread); });
    }
  } catch (...) {  // The system gives no more threads: leave none half-started, and say so.
    stop_workers();
    throw;
  }
}

void ThreadPool::stop_workers() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  stopping_ = false;
}

void ThreadPool::work(int thread) {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
    if (stopping_) return;
    seen = generation_;
    lock.unlock();
    run_share(thread);
    lock.lock();
    if (--unfinished_ == 0) done_.notify_one();
  }
}

void ThreadPool::run_share(int thread) noexcept {
  // Fewer tasks than threads: the first threads do them, the caller among them.
  const std::int64_t shares = std::min<std::int64_t>(threads_, task_count_);
  if (thread >= shares) return;
  const std::int64_t begin = task_count_ * thread / shares;
  const std::int64_t end = task_count_ * (thread + 1) / shares;
  try {
    for (std::int64_t i = begin; i < end; ++i) (*task_)(i);
  } catch (...) {
    errors_[static_cast<std::size_t>(thread)] = std::current_exception();
  }
}

}  // namespace gradvitals
