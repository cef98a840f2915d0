#include "monitor/metrics/threshold_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "kernels/runtime/did_you_mean.h"
#include "kernels/runtime/input_message.h"
#include "monitor/metrics/python_json.h"

namespace gradvitals {
namespace {

using nlohmann::json;

constexpr Thresholds kDefaultThresholds;

constexpr ThresholdField pair(std::string_view rule, std::string_view name,
                              Limits Thresholds::*member) {
  return {rule, name, member, ThresholdLevel::kBoth};
}

template <class T>
constexpr ThresholdField warns(std::string_view rule, std::string_view name,
                               T Thresholds::*member) {
  return {rule, name, member, ThresholdLevel::kWarning};
}

template <class T>
constexpr ThresholdField critical(std::string_view rule, std::string_view name,
                                  T Thresholds::*member) {
  return {rule, name, member, ThresholdLevel::kCritical};
}

constexpr std::array kThresholdTable{
    pair("R2", "backward_factor_low", &Thresholds::backward_factor_low),
    warns("R2", "uneven_backward_factor", &Thresholds::uneven_backward_factor),
    warns("R2", "uneven_spread", &Thresholds::uneven_spread),
    warns("R2", "steep_backward_factor", &Thresholds::steep_backward_factor),
    warns("R2", "steep_factor_per_layer", &Thresholds::steep_factor_per_layer),
    warns("R2", "shrinking_forward_gain", &Thresholds::shrinking_forward_gain),
    pair("R2", "backward_factor_high", &Thresholds::backward_factor_high),
    warns("R2", "moving_gradient_to_weight", &Thresholds::moving_gradient_to_weight),
    pair("R3", "forward_gain_low", &Thresholds::forward_gain_low),
    pair("R3", "forward_gain_high", &Thresholds::forward_gain_high),
    pair("R19", "gradient_spread", &Thresholds::gradient_spread),
    critical("R4", "vanished_norm", &Thresholds::vanished_norm),
    critical("R4", "vanished_rms", &Thresholds::vanished_rms),
    warns("R4", "idle_bias_ratio", &Thresholds::idle_bias_ratio),
    critical("R6", "complete_failure_norm", &Thresholds::complete_failure_norm),
    pair("R8", "gradient_to_weight", &Thresholds::gradient_to_weight),
    pair("R8", "large_rms", &Thresholds::large_rms),
    pair("R8", "large_norm", &Thresholds::large_norm),
    warns("R9", "range_ratio", &Thresholds::range_ratio),
    pair("R10", "dead_unit_fraction", &Thresholds::dead_unit_fraction),
    warns("R10", "min_relu_batch", &Thresholds::min_relu_batch),
    ThresholdField{"R11", "saturation_fraction", &Thresholds::saturation_fraction,
                   ThresholdLevel::kBoth},
    warns("R13", "zero_fraction", &Thresholds::zero_fraction),
    critical("R13", "settled_step", &Thresholds::settled_step),
    warns("R21", "subnormal_fraction", &Thresholds::subnormal_fraction),
    critical("R23", "twin_fraction", &Thresholds::twin_fraction),
    warns("R24", "zero_unit_fraction", &Thresholds::zero_unit_fraction),
    warns("R24", "top_unit_share", &Thresholds::top_unit_share),
    warns("Run", "run_share", &Thresholds::run_share),
    warns("R1", "skipped_step_fraction", &Thresholds::skipped_step_fraction),
    warns("R14", "min_norm_history", &Thresholds::min_norm_history),
    pair("R14", "norm_growth", &Thresholds::norm_growth),
    warns("R14", "norm_collapse", &Thresholds::norm_collapse),
    warns("R14", "converged_loss", &Thresholds::converged_loss),
    warns("Run", "warmup_steps", &Thresholds::warmup_steps),
    warns("Run", "patience", &Thresholds::patience),
    warns("Run", "clear_after", &Thresholds::clear_after),
    warns("R14", "norm_window", &Thresholds::norm_window),
    warns("R14", "min_norm_window", &Thresholds::min_norm_window),
    warns("R14", "spike_deviations", &Thresholds::spike_deviations),
    warns("R14", "spike_factor", &Thresholds::spike_factor),
    warns("R14", "min_norm_deviation", &Thresholds::min_norm_deviation),
    pair("R17", "loss_growth", &Thresholds::loss_growth),
    warns("R17", "loss_deviations", &Thresholds::loss_deviations),
    warns("R15", "drift_slack", &Thresholds::drift_slack),
    warns("R15", "drift_limit", &Thresholds::drift_limit),
    warns("R16", "stall_improvement", &Thresholds::stall_improvement),
    warns("R12", "update_ratio_high", &Thresholds::update_ratio_high),
    warns("R12", "update_ratio_low", &Thresholds::update_ratio_low),
    warns("R18", "unchanged_ratio", &Thresholds::unchanged_ratio),
    warns("R5", "weak_norm", &Thresholds::weak_norm),
    warns("R5", "weak_fraction", &Thresholds::weak_fraction),
    warns("R22", "initial_variance_factor", &Thresholds::initial_variance_factor),
};

constexpr bool is_pair(const ThresholdField& field) {
  return std::holds_alternative<Limits Thresholds::*>(field.member);
}

constexpr std::size_t bytes_of_fields() {
  std::size_t bytes = 0;
  for (const ThresholdField& field : kThresholdTable) {
    bytes += is_pair(field) ? sizeof(Limits) : sizeof(double);
  }
  return bytes;
}
static_assert(bytes_of_fields() == sizeof(Thresholds),
              "a limit was added: name it in kThresholdTable and in docs/rules.md");

/// Reads the values of one document.
class ThresholdsReader {
 public:
  explicit ThresholdsReader(const std::string& path) : path_(path) {}

  Thresholds read(const json& object) {
    for (const auto& [name, value] : object.items()) read_field(name, value);
    for (const ThresholdField& field : kThresholdTable) {
      check_levels(field);
      check_range(field);
    }
    if (thresholds_.min_norm_window > thresholds_.norm_window) {
      refuse_limit("min_norm_window",
                   fmt::format("is {}, more than \"norm_window\" holds, which is {}",
                               thresholds_.min_norm_window, thresholds_.norm_window));
    }
    return thresholds_;
  }

 private:
  void read_field(const std::string& name, const json& value);
  double read_number(std::string_view name, const json& value) const;
  Limits read_pair(const ThresholdField& field, const json& value) const;
  void check_levels(const ThresholdField& field) const;
  void check_range(const ThresholdField& field) const;
  [[noreturn]] void refuse_limit(std::string_view name, std::string_view what) const {
    refuse_input(path_, fmt::format("limit {} {}", in_quotes(name), what));
  }

  const std::string& path_;
  Thresholds thresholds_;
};

/// Whether they have a word between underscores in common.
bool shares_word(std::string_view name, std::string_view other) {
  const std::string words = fmt::format("_{}_", other);
  while (!name.empty()) {
    const std::string_view word = name.substr(0, name.find('_'));
    if (!word.empty() && words.find(fmt::format("_{}_", word)) != std::string::npos) return true;
    name.remove_prefix(std::min(name.size(), word.size() + 1));
  }
  return false;
}

/// Names what was meant, or else all limits: no document lies beside the program or in a wheel.
[[noreturn]] void refuse_unknown_limit(const std::string& path, std::string_view name) {
  std::vector<std::string> known;
  std::ranges::transform(kThresholdTable, std::back_inserter(known),
                         [](const ThresholdField& field) { return std::string(field.name); });
  std::string way_out = did_you_mean(name, known);
  if (way_out.empty()) {
    std::ranges::stable_partition(
        known, [name](const std::string& other) { return shares_word(name, other); });
    way_out = fmt::format("; the limits are {}", fmt::join(known, ", "));
  }
  refuse_input(path, fmt::format("no limit is called {}{}", in_quotes(name), way_out));
}

void ThresholdsReader::read_field(const std::string& name, const json& value) {
  const auto* const field =
      std::ranges::find(kThresholdTable, std::string_view(name), &ThresholdField::name);
  if (field == kThresholdTable.end()) refuse_unknown_limit(path_, name);
  if (const auto* pair_member = std::get_if<Limits Thresholds::*>(&field->member)) {
    thresholds_.** pair_member = read_pair(*field, value);
    return;
  }
  if (value.is_object()) refuse_limit(name, "has one level: write a number");
  const double number = read_number(name, value);
  if (const auto* real = std::get_if<double Thresholds::*>(&field->member)) {
    thresholds_.** real = number;
    return;
  }
  // Some are the sizes of windows, which take memory.
  constexpr double kMostWhole = 1e6;
  if (std::trunc(number) != number || number > kMostWhole) {
    refuse_limit(name, "is a whole number of at most 1000000");
  }
  thresholds_.*std::get<std::int64_t Thresholds::*>(field->member) =
      static_cast<std::int64_t>(number);
}

double ThresholdsReader::read_number(std::string_view name, const json& value) const {
  if (!value.is_number()) refuse_limit(name, "is not a number");
  const auto number = value.get<double>();
  if (!std::isfinite(number) || number < 0.0) {
    refuse_limit(name, "must be finite and not below 0");
  }
  return number;
}

Limits ThresholdsReader::read_pair(const ThresholdField& field, const json& value) const {
  constexpr std::string_view kForm = R"(has two levels: write {"warning": X, "critical": Y})";
  if (!value.is_object() || value.empty()) refuse_limit(field.name, kForm);
  Limits limits = limits_of(thresholds_, field);
  for (const auto& [level, number] : value.items()) {
    if (level != "warning" && level != "critical") refuse_limit(field.name, kForm);
    (level == "warning" ? limits.warning : limits.critical) = read_number(field.name, number);
  }
  return limits;
}

/// The defaults tell on which side of its limit a value is bad.
void ThresholdsReader::check_levels(const ThresholdField& field) const {
  if (!is_pair(field)) return;
  const Limits limits = limits_of(thresholds_, field);
  const Limits defaults = limits_of(kDefaultThresholds, field);
  const bool fires_above = defaults.critical > defaults.warning;
  const bool is_right =
      fires_above ? limits.warning <= limits.critical : limits.warning >= limits.critical;
  if (is_right) return;
  refuse_limit(field.name,
               fmt::format("fires {}, but its warning {:g} lies beyond critical {:g}",
                           fires_above ? "above" : "below", limits.warning, limits.critical));
}

void ThresholdsReader::check_range(const ThresholdField& field) const {
  constexpr std::string_view kLow = "_low", kHigh = "_high";
  if (!field.name.ends_with(kLow)) return;
  const std::string stem(field.name.substr(0, field.name.size() - kLow.size()));
  const std::string high_name = stem + std::string(kHigh);
  const auto* const high =
      std::ranges::find(kThresholdTable, std::string_view(high_name), &ThresholdField::name);
  if (high == kThresholdTable.end()) return;
  const double low_value = limits_of(thresholds_, field).warning;
  const double high_value = limits_of(thresholds_, *high).warning;
  if (low_value < high_value) return;
  refuse_limit(field.name, fmt::format("warns below {:g}, and {} above {:g}: nothing is healthy",
                                       low_value, in_quotes(high_name), high_value));
}

}  // namespace

std::span<const ThresholdField> threshold_table() {
  return kThresholdTable;
}

Limits limits_of(const Thresholds& thresholds, const ThresholdField& field) {
  if (const auto* member = std::get_if<Limits Thresholds::*>(&field.member)) {
    return thresholds.**member;
  }
  if (const auto* member = std::get_if<double Thresholds::*>(&field.member)) {
    return {thresholds.**member, thresholds.**member};
  }
  const auto whole =
      static_cast<double>(thresholds.*std::get<std::int64_t Thresholds::*>(field.member));
  return {whole, whole};
}

Thresholds parse_thresholds(std::string_view json, const std::string& path) {
  const JsonText parsed = read_json(json);
  if (!parsed.complaint.empty()) refuse_input(path, parsed.complaint);
  if (!parsed.value.is_object()) {
    refuse_input(path, "is no JSON object of limits, as {\"large_rms\": {\"warning\": 5}}");
  }
  return ThresholdsReader(path).read(parsed.value);
}

std::vector<const ThresholdField*> changed_fields(const Thresholds& thresholds) {
  std::vector<const ThresholdField*> changed;
  for (const ThresholdField& field : kThresholdTable) {
    const Limits now = limits_of(thresholds, field);
    const Limits before = limits_of(kDefaultThresholds, field);
    if (now.warning != before.warning || now.critical != before.critical) {
      changed.push_back(&field);
    }
  }
  return changed;
}

}  // namespace gradvitals
