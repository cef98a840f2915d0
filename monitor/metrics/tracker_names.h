// What trackers and trainers log beside norms, told by the words of its name. Internal.
#pragma once

#include <string_view>

namespace gradvitals {

/// "gpu_mem", "samples_per_second", "lr-Adam", "train/top5_acc", "system/gpu.0.temp": a name of which
/// a word says what is measured, and that is none of a layer's. What ends in the word for a layer is
/// one ("time_embedding", "value_head"), unless it counts or sets something ("num_layers",
/// "lr/head").
bool is_tracker_name(std::string_view name);

}  // namespace gradvitals
