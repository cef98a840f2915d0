#include "monitor/report/vital_signs_text.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// The reading with the range in which it is normal; where there is no value, no range is of interest.
VitalLine ranged(VitalLine line, double low, double high) {
  if (!line.value) return line;
  if (low == -kNoLimit) {
    line.normal = fmt::format("normal up to {:.3g}", high);
  } else if (high == kNoLimit) {
    line.normal = fmt::format("normal from {:.3g}", low);
  } else {
    line.normal = fmt::format("normal {:.3g} to {:.3g}", low, high);
  }
  line.in_range = *line.value < low    ? VitalStatus::kLow
                  : *line.value > high ? VitalStatus::kHigh
                                       : VitalStatus::kNormal;
  return line;
}

/// The range of what decides the sign's status.
void add_oxygen(std::vector<VitalLine>& lines, const Oxygen& oxygen, const Thresholds& limits) {
  lines.push_back(ranged({"Oxygen", "backward factor", oxygen.backward_factor, oxygen.status},
                         backward_factor_floor(oxygen, limits).warning,
                         backward_factor_ceiling(oxygen, limits).warning));
  lines.back().network = oxygen.network;
  if (oxygen.block_factor) {
    lines.push_back(ranged({"", "first / last block", oxygen.block_factor},
                           limits.backward_factor_low.warning,
                           limits.backward_factor_high.warning));
  }
  lines.push_back({"", "relative gradient spread", oxygen.relative_gradient_spread});
  lines.push_back({"", "backward gain per layer", oxygen.backward_gain});
  lines.push_back(ranged({"", "forward gain per layer", oxygen.forward_gain},
                         limits.forward_gain_low.warning, limits.forward_gain_high.warning));
  lines.push_back(ranged({"", "dead units, worst layer", oxygen.dead_unit_fraction}, -kNoLimit,
                         limits.dead_unit_fraction.warning));
  lines.push_back(ranged({"", "saturated, worst layer", oxygen.saturation_fraction}, -kNoLimit,
                         limits.saturation_fraction));
}

/// Below the first line of a sign, what is normal goes without saying.
std::string_view status_cell(const VitalLine& line) {
  if (line.status) return name(*line.status);
  const bool is_abnormal =
      line.in_range == VitalStatus::kLow || line.in_range == VitalStatus::kHigh;
  return is_abnormal ? name(line.in_range) : "";
}

std::string panel_row(const VitalLine& line, bool is_narrow) {
  constexpr std::string_view kNormal = "normal ";
  std::string_view normal = line.normal;
  if (is_narrow && normal.starts_with(kNormal)) normal.remove_prefix(kNormal.size());
  std::string row = fmt::format("   {:<16}{:<26}{:>8}  {:<9}", line.sign, line.reading,
                                line.value ? three_digits(*line.value) : "-", status_cell(line));
  if (!normal.empty()) row += fmt::format("({})", normal);
  row.erase(row.find_last_not_of(' ') + 1);
  row += '\n';
  if (line.network.empty()) return row;
  return row + fmt::format("   {:<16}of {}, the worst\n", "", printable(line.network));
}

}  // namespace

std::vector<VitalLine> vital_lines(const VitalSigns& signs, const Thresholds& thresholds,
                                   const std::optional<double>& global_norm) {
  const auto& [blood_pressure, heart_rate, temperature, oxygen] = signs;
  std::vector<VitalLine> lines;
  lines.push_back(ranged({"Blood pressure", "largest / smallest norm", blood_pressure.range_ratio,
                          blood_pressure.status},
                         -kNoLimit, thresholds.range_ratio));
  lines.back().network = blood_pressure.network;
  if (global_norm) lines.push_back({"", "norm of all gradients", global_norm});
  lines.push_back(
      {"Heart rate", "spread of log10 norm", heart_rate.log_norm_mad, heart_rate.status});
  if (heart_rate.spikes) {
    const auto spikes = static_cast<double>(*heart_rate.spikes);
    lines.push_back({"",
                     "spikes",
                     spikes,
                     {},
                     "normal 0",
                     spikes > 0.0 ? VitalStatus::kHigh : VitalStatus::kNormal});
  }
  lines.push_back(ranged(
      {"Temperature", "update / weight", temperature.update_to_weight_ratio, temperature.status},
      thresholds.update_ratio_low, thresholds.update_ratio_high));
  add_oxygen(lines, oxygen, thresholds);
  return lines;
}

std::vector<VitalLine> deciding_lines(const VitalSigns& signs, const Thresholds& thresholds) {
  std::vector<VitalLine> decide;
  for (VitalLine& line : vital_lines(signs, thresholds, {})) {
    if (line.status) {
      decide.push_back(std::move(line));
      continue;
    }
    VitalLine& chosen = decide.back();
    if (!line.value || line.normal.empty() || (chosen.value && !chosen.normal.empty())) continue;
    line.sign = chosen.sign;
    line.status = chosen.status == VitalStatus::kUnknown ? line.in_range : chosen.status;
    chosen = std::move(line);
  }
  return decide;
}

std::string vital_signs_panel(const VitalSigns& signs, const Thresholds& thresholds,
                              const std::optional<double>& global_norm, TextStyle style) {
  constexpr int kWidestLine = 88;
  const bool is_narrow = style.width > 0 && style.width < kWidestLine;
  std::string text;
  for (const VitalLine& line : vital_lines(signs, thresholds, global_norm)) {
    text += panel_row(line, is_narrow);
  }
  return text;
}

}  // namespace gradvitals
