#include "monitor/report/figure/figure_foot.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "monitor/report/figure/figure_bars.h"

namespace gradvitals {
namespace {

/// Of the labels' bold font, with the gap between two of them.
constexpr double kFootLetterPixels = 9.5;
constexpr double kFootGapPixels = 4.0;

std::vector<FootLabel> shared_labels(std::span<const double> values, Decades axis) {
  const std::size_t longest_run = values.size() > kMaxNamedBars ? values.size() : 1;
  std::vector<FootLabel> labels;
  for (std::size_t first = 0; first < values.size();) {
    const std::optional<std::string> label = foot_label(values[first], axis);
    std::size_t end = first + 1;
    while (end < values.size() && end - first < longest_run &&
           foot_label(values[end], axis) == label) {
      ++end;
    }
    const std::size_t count = end - first;
    if (label) {
      labels.push_back({count == 1 ? *label : fmt::format("{} ({} times)", *label, count),
                        static_cast<double>(first) + static_cast<double>(count + 1) / 2});
    }
    first = end;
  }
  return labels;
}

/// Between the middles of two labels.
double room_for(const FootLabel& one, const FootLabel& other) {
  return kFootLetterPixels * static_cast<double>(one.text.size() + other.text.size()) / 2 +
         kFootGapPixels;
}

}  // namespace

BarRange bar_range(std::size_t bars) {
  const double count = static_cast<double>(bars);
  const double margin = 0.6 + std::max(0.0, (5.0 - count) / 2);
  return {1.0 - margin, count + margin};
}

FootLabels foot_labels(std::span<const double> values, Decades axis, int pixels) {
  const BarRange range = bar_range(values.size());
  const double pitch = static_cast<double>(pixels) / (range.high - range.low);
  FootLabels placed;
  bool overlap = false;
  for (FootLabel& label : shared_labels(values, axis)) {
    const bool has_room =
        placed.labels.empty() || (label.middle - placed.labels.back().middle) * pitch >=
                                     room_for(placed.labels.back(), label);
    overlap |= !has_room;
    // Few bars are far enough from each other for labels that are turned.
    if (has_room || values.size() <= kMaxNamedBars) {
      placed.labels.push_back(std::move(label));
    } else {
      placed.has_left_out = true;
    }
  }
  placed.are_upright = overlap && values.size() <= kMaxNamedBars;
  return placed;
}

}  // namespace gradvitals
