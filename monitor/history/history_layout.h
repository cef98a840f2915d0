// HistoryLayout: what the rows of a history are about, said once. Internal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// What a row's values stand for, in their order.
inline constexpr std::array<std::string_view, 17> kHistoryColumns = {
    "layout",          "step",        "loss",       "loss_scale",
    "learning_rate",   "clip_scale",  "is_skipped", "is_checkup",
    "gradient_cosine", "noise_scale", "l2_norm",    "max_abs",
    "min_abs_nonzero", "mean",        "counts",     "units",
    "slices"};

/// A number of role update_squares, which is its norm, largest and smallest magnitude and mean in one: a row
/// has its norm, and null for the others.
bool is_one_magnitude(const TensorRecord& tensor);

/// Layouts that are valid at a time: rows say theirs by number.
inline constexpr std::size_t kMostHistoryLayouts = 16;

/// Everything of HealthMetrics that stays as it is from step to step.
struct HistoryLayout {
  std::vector<TensorRecord>
      tensors;                    ///< Of their statistics the count alone, that of one that exists.
  std::vector<LayerUnits> units;  ///< Without batch and counts.
  std::vector<Name> networks;
  std::size_t norm_count = 0;    ///< Of metrics that have no tensors.
  std::vector<Name> norm_names;  ///< As HealthMetrics::gradient_names: one for each norm, or none.
};

HistoryLayout layout_of(const HealthMetrics& metrics);

/// Whether a row of this layout holds the metrics. Allocates nothing.
bool fits_layout(const HistoryLayout& layout, const HealthMetrics& metrics);

/// {"layout":3,"networks":[...],"tensors":[...],"units":[...]} and a line break.
std::string layout_line(const HistoryLayout& layout, std::size_t number);

struct NumberedLayout {
  std::size_t number = 0;
  HistoryLayout layout;
};

/// The inverse. Throws std::invalid_argument saying what is wrong with the line.
NumberedLayout parse_layout_line(std::string_view line);

}  // namespace gradvitals
