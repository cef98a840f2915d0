// Gradients dumped by any framework, as views to be judged.
#pragma once

#include <vector>

#include "framework/io/safetensors.h"
#include "kernels/view.h"

namespace gradvitals {

/// One gradient per tensor of the file, in its order, with layer and activation unknown. Dimensions
/// before the last count as rows. Views point into `file` and are valid while it lives.
std::vector<TensorView> gradient_views(const SafetensorsFile& file);

}  // namespace gradvitals
