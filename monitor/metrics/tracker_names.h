// What trackers and trainers log beside norms, recognised by the words of its name. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gradvitals {

/// How a word classifies the name that contains it.
enum class WordMeaning : std::uint8_t {
  kAlways,    ///< A tracker's, whatever stands beside the word.
  kMeasured,  ///< A tracker's, but for a layer that is named after the word.
  kLayer,     ///< A layer's, where the name ends in the word.
};

struct TrackerWord {
  std::string_view text;
  WordMeaning meaning;
};

/// All words that count, sorted.
std::span<const TrackerWord> tracker_words();

/// "gpu_mem", "samples_per_second", "lr-Adam", "train/top5_acc", "system/gpu.0.temp": a name with a
/// word for what trackers measure, unless it is a layer's. A name that ends in a word for a layer
/// is a layer's ("time_embedding", "value_head"), unless it counts or sets something ("num_layers",
/// "lr/head").
bool is_tracker_name(std::string_view name);

}  // namespace gradvitals
