#include "monitor/report/finding_json.h"

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "monitor/metrics/threshold_table.h"

namespace gradvitals {
namespace {

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace

Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json json_number(const std::optional<double>& value) {
  return value ? json_number(*value) : Json();
}

Json json_count(const std::optional<std::int64_t>& value) {
  return value ? Json(*value) : Json();
}

Json json_index(std::int64_t index) {
  return index < 0 ? Json() : Json(index);
}

void add_network_key(Json& json, std::string_view network) {
  if (!network.empty()) json["network"] = network;
}

Json vital_signs_json(const VitalSigns& signs) {
  const auto& [blood_pressure, heart_rate, temperature, oxygen] = signs;
  Json json = {
      {"blood_pressure",
       {{"range_ratio", json_number(blood_pressure.range_ratio)},
        {"status", name(blood_pressure.status)}}},
      {"heart_rate",
       {{"log_norm_mad", json_number(heart_rate.log_norm_mad)},
        {"spikes", json_count(heart_rate.spikes)},
        {"status", name(heart_rate.status)}}},
      {"temperature",
       {{"update_to_weight_ratio", json_number(temperature.update_to_weight_ratio)},
        {"status", name(temperature.status)}}},
      {"oxygen",
       {{"backward_factor", json_number(oxygen.backward_factor)},
        {"block_factor", json_number(oxygen.block_factor)},
        {"relative_gradient_spread", json_number(oxygen.relative_gradient_spread)},
        {"gradient_to_weight", json_number(oxygen.gradient_to_weight)},
        {"backward_gain", json_number(oxygen.backward_gain)},
        {"forward_gain", json_number(oxygen.forward_gain)},
        {"dead_unit_fraction", json_number(oxygen.dead_unit_fraction)},
        {"saturation_fraction", json_number(oxygen.saturation_fraction)},
        {"status", name(oxygen.status)}}},
  };
  add_network_key(json["blood_pressure"], blood_pressure.network);
  add_network_key(json["oxygen"], oxygen.network);
  return json;
}

Json finding_json(const Finding& finding) {
  Json json = {
      {"rule", rule_number(finding.rule)},
      {"id", rule_word(finding.rule)},
      {"severity", name(finding.severity)},
      {"tensor", text_or_null(finding.tensor)},
      {"layer", json_index(finding.layer)},
      {"value", json_number(finding.value)},
      {"threshold", json_number(finding.threshold)},
      {"text", finding.text},
      {"advice", finding.advice},
      {"consequence_of",
       finding.consequence_of ? Json(rule_number(*finding.consequence_of)) : Json()},
  };
  add_network_key(json, finding.network);
  return json;
}

void write_thresholds(JsonWriter& out, const Thresholds& thresholds) {
  const std::vector<const ThresholdField*> changed = changed_fields(thresholds);
  if (changed.empty()) return;
  Json limits = Json::object();
  for (const ThresholdField* field : changed) {
    const auto [warning, critical] = limits_of(thresholds, *field);
    const bool is_pair = std::holds_alternative<Limits Thresholds::*>(field->member);
    limits[std::string(field->name)] =
        is_pair ? Json({{"warning", warning}, {"critical", critical}}) : Json(warning);
  }
  out.member("thresholds", limits);
}

}  // namespace gradvitals
