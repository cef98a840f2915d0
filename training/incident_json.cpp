// What incident.json says.
#include <cmath>
#include <string>

#include "monitor/report/json_writer.h"
#include "monitor/report/trajectory_json.h"
#include "training/incident.h"

namespace gradvitals {
namespace {

/// As write_exact() of a history has them.
Json number_or_word(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "NaN";
  return value > 0.0 ? "Infinity" : "-Infinity";
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  if (!value) return nullptr;
  if constexpr (std::is_floating_point_v<Value>) return number_or_word(*value);
  return *value;
}

/// As a report has it, but for numbers that JSON cannot write.
Json incident_event_json(const HealthEvent& event) {
  Json json = event_json(event);
  json["value"] = or_null(event.episode.finding.value);
  json["threshold"] = or_null(event.episode.finding.threshold);
  return json;
}

Json growth_json(const NormGrowth& growth) {
  Json json;
  json["tensor"] = growth.tensor;
  json["role"] = name(growth.role);
  json["first_step"] = growth.first_step;
  json["first_norm"] = growth.first_norm;
  json["last_step"] = growth.last_step;
  json["last_norm"] = growth.last_norm;
  json["factor"] = number_or_word(growth.factor());
  return json;
}

Json step_json(const IncidentStep& step) {
  Json json;
  json["step"] = step.step;
  json["loss"] = or_null(step.loss);
  json["global_norm"] = number_or_word(step.global_norm);
  json["learning_rate"] = or_null(step.context.learning_rate);
  json["clip_scale"] = number_or_word(step.context.clip_scale);
  json["is_skipped"] = step.context.is_skipped;
  return json;
}

Json controls_json(const StepControls& controls) {
  Json json;
  json["learning_rate_factor"] = controls.learning_rate_factor;
  json["max_norm"] = number_or_word(controls.max_norm);
  json["skip_above_norm"] = number_or_word(controls.skip_above_norm);
  json["skips_nonfinite"] = controls.skips_nonfinite;
  return json;
}

template <class Value, class Writer>
void write_list(JsonWriter& out, std::string_view key, const std::vector<Value>& values,
                Writer json_of) {
  out.key(key);
  out.open_array();
  for (const Value& value : values) out.value(json_of(value));
  out.close();
}

}  // namespace

std::string incident_json(const IncidentReport& incident) {
  JsonWriter out;
  out.open_object();
  out.member("schema", kIncidentSchema);
  out.member("step", incident.step);
  out.member("epoch", incident.epoch);
  out.member("checkpoint_step", incident.checkpoint_step);
  out.member("first_nonfinite_index", or_null(incident.first_nonfinite_index));
  write_list(out, "events", incident.events, incident_event_json);
  write_list(out, "growth", incident.growth, growth_json);
  write_list(out, "steps", incident.steps, step_json);
  out.member("samples", incident.samples);
  out.member("source_rows", incident.source_rows);
  out.member("controls", controls_json(incident.controls));
  out.member("settings", incident.settings);
  out.member("command", incident.command);
  out.close();
  return std::move(out).finish();
}

}  // namespace gradvitals
