#include "monitor/trajectory/tracker_state.h"

#include <limits>
#include <string_view>

namespace gradvitals {
namespace {

constexpr auto kNameOf = [](auto value) { return name(value); };

RuleId load_rule(const SavedObject& saved, std::string_view key) {
  return saved.named<RuleId>(key, rule_word);
}

VitalStatus load_status(const SavedObject& saved) {
  return saved.named<VitalStatus>("status", kNameOf);
}

int load_int(const SavedObject& saved, std::string_view key) {
  const std::int64_t value = saved.whole_number(key, -1);
  if (value > std::numeric_limits<int>::max()) saved.refuse(key, "is too large");
  return static_cast<int>(value);
}

StateJson save_finding(const Finding& finding) {
  return {{"rule", rule_word(finding.rule)},
          {"severity", name(finding.severity)},
          {"verdict", name(finding.verdict)},
          {"tensor", finding.tensor},
          {"network", finding.network},
          {"layer", finding.layer},
          {"at_head", finding.at_head},
          {"value", saved_number(finding.value)},
          {"threshold", saved_number(finding.threshold)},
          {"text", finding.text},
          {"advice", finding.advice},
          {"consequence_of",
           finding.consequence_of ? StateJson(rule_word(*finding.consequence_of)) : StateJson()}};
}

Finding load_finding(const SavedObject& saved) {
  Finding finding;
  finding.rule = load_rule(saved, "rule");
  finding.severity = saved.named<Severity>("severity", kNameOf);
  finding.verdict = saved.named<Verdict>("verdict", kNameOf);
  finding.tensor = saved.text("tensor");
  finding.network = saved.text("network");
  finding.layer = load_int(saved, "layer");
  finding.at_head = saved.flag("at_head");
  finding.value = saved.optional_number("value");
  finding.threshold = saved.optional_number("threshold");
  finding.text = saved.text("text");
  finding.advice = saved.texts("advice");
  if (!saved.is_none("consequence_of")) finding.consequence_of = load_rule(saved, "consequence_of");
  return finding;
}

StateJson save_oxygen(const Oxygen& sign) {
  return {{"network", sign.network},
          {"hidden_layers", sign.hidden_layers},
          {"backward_factor", saved_number(sign.backward_factor)},
          {"factor_per_layer", saved_number(sign.factor_per_layer)},
          {"backward_gain", saved_number(sign.backward_gain)},
          {"forward_gain", saved_number(sign.forward_gain)},
          {"blocks", sign.blocks},
          {"block_factor", saved_number(sign.block_factor)},
          {"relative_gradient_spread", saved_number(sign.relative_gradient_spread)},
          {"gradient_to_weight", saved_number(sign.gradient_to_weight)},
          {"dead_unit_fraction", saved_number(sign.dead_unit_fraction)},
          {"saturation_fraction", saved_number(sign.saturation_fraction)},
          {"status", name(sign.status)}};
}

Oxygen load_oxygen(const SavedObject& saved) {
  Oxygen sign;
  sign.network = saved.text("network");
  sign.hidden_layers = load_int(saved, "hidden_layers");
  sign.backward_factor = saved.optional_number("backward_factor");
  sign.factor_per_layer = saved.optional_number("factor_per_layer");
  sign.backward_gain = saved.optional_number("backward_gain");
  sign.forward_gain = saved.optional_number("forward_gain");
  sign.blocks = load_int(saved, "blocks");
  sign.block_factor = saved.optional_number("block_factor");
  sign.relative_gradient_spread = saved.optional_number("relative_gradient_spread");
  sign.gradient_to_weight = saved.optional_number("gradient_to_weight");
  sign.dead_unit_fraction = saved.optional_number("dead_unit_fraction");
  sign.saturation_fraction = saved.optional_number("saturation_fraction");
  sign.status = load_status(saved);
  return sign;
}

}  // namespace

StateJson save_episode(const Episode& episode) {
  return {{"finding", save_finding(episode.finding)},
          {"first_step", episode.first_step},
          {"after_step", episode.after_step},
          {"last_step", episode.last_step},
          {"peak_step", episode.peak_step},
          {"count", episode.count},
          {"is_open", episode.is_open}};
}

Episode load_episode(const SavedObject& saved) {
  return {.finding = load_finding(saved.object("finding")),
          .first_step = saved.whole_number("first_step"),
          .after_step = saved.whole_number("after_step"),
          .last_step = saved.whole_number("last_step"),
          .peak_step = saved.whole_number("peak_step"),
          .count = saved.whole_number("count", 1),
          .is_open = saved.flag("is_open")};
}

StateJson save_event(const HealthEvent& event) {
  return {
      {"event", name(event.kind)}, {"step", event.step}, {"episode", save_episode(event.episode)}};
}

HealthEvent load_event(const SavedObject& saved) {
  return {.kind = saved.named<HealthEventKind>("event", kNameOf),
          .step = saved.whole_number("step"),
          .episode = load_episode(saved.object("episode"))};
}

StateJson save_vital_signs(const VitalSigns& signs) {
  const auto& [blood_pressure, heart_rate, temperature, oxygen] = signs;
  return {{"blood_pressure",
           {{"network", blood_pressure.network},
            {"range_ratio", saved_number(blood_pressure.range_ratio)},
            {"status", name(blood_pressure.status)}}},
          {"heart_rate",
           {{"log_norm_mad", saved_number(heart_rate.log_norm_mad)},
            {"spikes", heart_rate.spikes ? StateJson(*heart_rate.spikes) : StateJson()},
            {"status", name(heart_rate.status)}}},
          {"temperature",
           {{"update_to_weight_ratio", saved_number(temperature.update_to_weight_ratio)},
            {"status", name(temperature.status)}}},
          {"oxygen", save_oxygen(oxygen)}};
}

VitalSigns load_vital_signs(const SavedObject& saved) {
  const SavedObject blood_pressure = saved.object("blood_pressure");
  const SavedObject heart_rate = saved.object("heart_rate");
  const SavedObject temperature = saved.object("temperature");
  return {.blood_pressure = {.network = blood_pressure.text("network"),
                             .range_ratio = blood_pressure.optional_number("range_ratio"),
                             .status = load_status(blood_pressure)},
          .heart_rate = {.log_norm_mad = heart_rate.optional_number("log_norm_mad"),
                         .spikes = heart_rate.optional_whole_number("spikes"),
                         .status = load_status(heart_rate)},
          .temperature = {.update_to_weight_ratio =
                              temperature.optional_number("update_to_weight_ratio"),
                          .status = load_status(temperature)},
          .oxygen = load_oxygen(saved.object("oxygen"))};
}

}  // namespace gradvitals
