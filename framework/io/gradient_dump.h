// Gradients dumped by any framework, as views to be judged.
#pragma once

#include <span>
#include <vector>

#include "framework/io/safetensors.h"
#include "kernels/buffer.h"
#include "kernels/stream.h"
#include "kernels/view.h"

namespace gradvitals {

/// One gradient per tensor of a file, in its order, with layer and activation unknown. A kernel is a
/// matrix with its units in one dimension, everything else in the other.
class GradientDump {
 public:
  /// On cpu the views point into `file`, which must outlive them; on another device into copies.
  GradientDump(Stream& stream, const SafetensorsFile& file);

  /// Valid while this lives.
  std::span<const TensorView> views() const { return views_; }

 private:
  std::vector<TensorView> views_;
  std::vector<Buffer> copies_;
};

}  // namespace gradvitals
