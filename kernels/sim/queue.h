// A queue of the sim device: work runs when it is issued, or is kept while the queue is captured.
#pragma once

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace gradvitals::sim {

/// What was issued while a queue was captured, in order.
struct CapturedWork {
  std::vector<std::function<void()>> items;
};

/// The calling thread's device: cudaGetDevice and cudaSetDevice under CUDA.
int current_device();
void set_current_device(int index);

class WorkQueue {
 public:
  explicit WorkQueue(int device) : device_(device) {}

  /// Throws CudaError, as a CUDA launch does, unless the queue's device is the calling thread's.
  void check_current() const;

  /// Runs `work`, or keeps it where the queue is being captured.
  template <class Work>
  void issue(Work work) {
    if (captured_ == nullptr) {
      work();
    } else {
      captured_->items.emplace_back(std::move(work));
    }
  }

  /// Throws CudaError, naming the call, where the queue is being captured: there is nothing to wait
  /// for.
  void synchronize() const;

  bool is_captured() const { return captured_ != nullptr; }
  void begin_capture();
  /// The work issued since; null where the queue was not being captured.
  CapturedWork* end_capture();

 private:
  int device_;
  CapturedWork* captured_ = nullptr;
};

/// Null is the queue that CUDA calls the default stream, which is never captured.
template <class Work>
void issue(WorkQueue* queue, Work work) {
  if (queue == nullptr) {
    work();
  } else {
    queue->issue(std::move(work));
  }
}

/// Throws CudaError, naming the call, while the calling thread captures any queue, as CUDA does.
void refuse_in_capture(std::string_view call);

}  // namespace gradvitals::sim
