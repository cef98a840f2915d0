// The units of each layer, dead and saturated, from (B,O) views.
#pragma once

#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// One record for each layer >= 0 whose units can die or saturate, network by network and input
/// side first, from the view that shows it: the output of relu, the pre_activation of
/// sigmoid and tanh, but their output in a head, which is the last layer of its network with any
/// such view. A layer without that view, or with one that activation_stats does not read (float16,
/// bfloat16), has no record: nothing is known of it. `workspace` grows as needed.
std::vector<LayerUnits> layer_units(Stream& stream, std::span<const TensorView> views,
                                    Buffer& workspace);

}  // namespace gradvitals
