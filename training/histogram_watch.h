// HistogramWatch: how gradients and weights are spread, at a trainer's check-ups. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/sequential.h"
#include "framework/tape.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "monitor/metrics/tensor_histogram.h"

namespace gradvitals {

class HistogramWatch {
 public:
  HistogramWatch(Stream stream, const Sequential& model) : stream_(stream), model_(model) {}

  /// Of the gradients of the tape's last backward pass, then of the model's weights. Waits for the
  /// stream.
  void observe(const Tape& tape, std::int64_t step);

  /// None where another step was observed last.
  std::span<const TensorHistogram> of_step(std::int64_t step) const;

 private:
  Stream stream_;
  const Sequential& model_;
  Buffer on_device_;
  std::vector<ExponentHistogram> received_;
  std::vector<TensorHistogram> histograms_;
  std::int64_t step_ = -1;
};

}  // namespace gradvitals
