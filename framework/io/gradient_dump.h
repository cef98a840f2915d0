// Gradients dumped by any framework, as views to be judged.
#pragma once

#include <span>
#include <vector>

#include "framework/io/tensor_entry.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// One gradient per tensor of a dump, in its order, with layer and activation unknown. A kernel is
/// a matrix with its units in one dimension, everything else in the other. A tensor without
/// elements, which stands for None, is a view of count 0.
class GradientDump {
 public:
  /// `tensors` are those of a TensorDump or a SafetensorsFile, and must outlive the views, which on
  /// cpu point into them; on another device into copies.
  GradientDump(Stream& stream, std::span<const SafetensorsEntry> tensors);

  /// Valid while this lives.
  std::span<const TensorView> views() const { return views_; }

 private:
  std::vector<TensorView> views_;
  std::vector<Buffer> copies_;
};

}  // namespace gradvitals
