#include "kernels/sim/queue.h"

#include <fmt/format.h>

#include "kernels/runtime/error.h"

namespace gradvitals::sim {
namespace {

/// Of the calling thread.
constinit thread_local int captures = 0;
constinit thread_local int device = 0;

}  // namespace

void refuse_in_capture(std::string_view call) {
  if (captures == 0) return;
  throw CudaError(
      fmt::format("{}: cudaErrorStreamCaptureUnsupported (900), operation not permitted while a "
                  "stream is captured",
                  call));
}

int current_device() {
  return device;
}

void set_current_device(int index) {
  device = index;
}

void WorkQueue::check_current() const {
  if (device_ == device) return;
  throw CudaError(fmt::format(
      "kernel launch: cudaErrorInvalidResourceHandle (400), the queue is of device {}, and "
      "device {} is current",
      device_, device));
}

void WorkQueue::synchronize() const {
  if (captured_ != nullptr) refuse_in_capture("cudaStreamSynchronize");
}

void WorkQueue::begin_capture() {
  refuse_in_capture("cudaStreamBeginCapture");
  captured_ = new CapturedWork;
  ++captures;
}

CapturedWork* WorkQueue::end_capture() {
  if (captured_ != nullptr) --captures;
  return std::exchange(captured_, nullptr);
}

}  // namespace gradvitals::sim
