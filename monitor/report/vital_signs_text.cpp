#include "monitor/report/vital_signs_text.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

std::string up_to(double high) {
  return fmt::format("(normal up to {:.3g})", high);
}

std::string within(double low, double high) {
  if (std::isinf(high)) return fmt::format("(normal from {:.3g})", low);
  return fmt::format("(normal {:.3g} to {:.3g})", low, high);
}

class Panel {
 public:
  explicit Panel(TextStyle style) : is_narrow_(style.width > 0 && style.width < kWidestLine) {}

  void line(std::string_view sign, std::string_view reading, const std::optional<double>& value,
            std::string_view status = {}, std::string normal = {}) {
    if (is_narrow_ && normal.starts_with(kNormal)) normal.replace(0, kNormal.size(), "(");
    const std::string number = value ? three_digits(*value) : "-";
    std::string row =
        fmt::format("   {:<16}{:<26}{:>8}  {:<9}{}", sign, reading, number, status, normal);
    row.erase(row.find_last_not_of(' ') + 1);
    text_ += row + '\n';
  }
  /// Of several networks, the one that the line above is about.
  void of_network(const std::string& network) {
    if (network.empty()) return;
    text_ += fmt::format("   {:<16}of {}, the worst\n", "", printable(network));
  }
  std::string text() && { return std::move(text_); }

 private:
  static constexpr int kWidestLine = 88;
  static constexpr std::string_view kNormal = "(normal ";

  bool is_narrow_;
  std::string text_;
};

/// The range of what decides the sign's status.
void add_oxygen(Panel& panel, const Oxygen& oxygen, const Thresholds& limits) {
  panel.line("Oxygen", "backward factor", oxygen.backward_factor, name(oxygen.status),
             oxygen.backward_factor ? within(backward_factor_floor(oxygen, limits).warning,
                                             backward_factor_ceiling(oxygen, limits).warning)
                                    : "");
  panel.of_network(oxygen.network);
  if (oxygen.block_factor) {
    panel.line("", "first / last block", oxygen.block_factor, "",
               within(limits.backward_factor_low.warning, limits.backward_factor_high.warning));
  }
  panel.line("", "relative gradient spread", oxygen.relative_gradient_spread);
  panel.line("", "backward gain per layer", oxygen.backward_gain);
  panel.line("", "forward gain per layer", oxygen.forward_gain, "",
             oxygen.forward_gain
                 ? within(limits.forward_gain_low.warning, limits.forward_gain_high.warning)
                 : "");
  panel.line("", "dead units, worst layer", oxygen.dead_unit_fraction, "",
             oxygen.dead_unit_fraction ? up_to(limits.dead_unit_fraction.warning) : "");
  panel.line("", "saturated, worst layer", oxygen.saturation_fraction, "",
             oxygen.saturation_fraction ? up_to(limits.saturation_fraction) : "");
}

/// "(normal 0)": what stands within.
std::string without_brackets_of(const std::string& range) {
  return range.substr(1, range.size() - 2);
}

SignReading oxygen_reading(const Oxygen& oxygen, const Thresholds& limits) {
  SignReading decides = {.sign = "Oxygen", .reading = "backward factor", .status = oxygen.status};
  std::string range;
  if (oxygen.backward_factor) {
    decides.value = oxygen.backward_factor;
    range = within(backward_factor_floor(oxygen, limits).warning,
                   backward_factor_ceiling(oxygen, limits).warning);
  } else if (oxygen.block_factor) {
    decides.reading = "first / last block";
    decides.value = oxygen.block_factor;
    range = within(limits.backward_factor_low.warning, limits.backward_factor_high.warning);
  } else if (oxygen.forward_gain) {
    decides.reading = "forward gain per layer";
    decides.value = oxygen.forward_gain;
    range = within(limits.forward_gain_low.warning, limits.forward_gain_high.warning);
  }
  if (decides.value) decides.normal = without_brackets_of(range);
  return decides;
}

}  // namespace

std::vector<SignReading> deciding_readings(const VitalSigns& signs, const Thresholds& thresholds) {
  const auto& [blood_pressure, heart_rate, temperature, oxygen] = signs;
  SignReading pressure = {.sign = "Blood pressure",
                          .reading = "largest / smallest norm",
                          .value = blood_pressure.range_ratio,
                          .status = blood_pressure.status};
  if (pressure.value) pressure.normal = without_brackets_of(up_to(thresholds.range_ratio));
  SignReading rate = {
      .sign = "Heart rate", .reading = "spikes of the norm", .status = heart_rate.status};
  if (heart_rate.spikes) {
    rate.value = static_cast<double>(*heart_rate.spikes);
    rate.normal = "normal 0";
  }
  SignReading update = {.sign = "Temperature",
                        .reading = "update / weight",
                        .value = temperature.update_to_weight_ratio,
                        .status = temperature.status};
  if (update.value) {
    update.normal =
        without_brackets_of(within(thresholds.update_ratio_low, thresholds.update_ratio_high));
  }
  return {std::move(pressure), std::move(rate), std::move(update),
          oxygen_reading(oxygen, thresholds)};
}

std::string vital_signs_panel(const VitalSigns& signs, const Thresholds& thresholds,
                              const std::optional<double>& global_norm, TextStyle style) {
  const auto& [blood_pressure, heart_rate, temperature, oxygen] = signs;
  Panel panel(style);
  panel.line("Blood pressure", "largest / smallest norm", blood_pressure.range_ratio,
             name(blood_pressure.status),
             blood_pressure.range_ratio ? up_to(thresholds.range_ratio) : "");
  panel.of_network(blood_pressure.network);
  if (global_norm) panel.line("", "norm of all gradients", global_norm);
  panel.line("Heart rate", "spread of log10 norm", heart_rate.log_norm_mad,
             name(heart_rate.status));
  if (heart_rate.spikes) {
    panel.line("", "spikes", static_cast<double>(*heart_rate.spikes), "", "(normal 0)");
  }
  panel.line("Temperature", "update / weight", temperature.update_to_weight_ratio,
             name(temperature.status),
             temperature.update_to_weight_ratio
                 ? within(thresholds.update_ratio_low, thresholds.update_ratio_high)
                 : "");
  add_oxygen(panel, oxygen, thresholds);
  return std::move(panel).text();
}

}  // namespace gradvitals
