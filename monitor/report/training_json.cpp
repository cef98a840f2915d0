#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "monitor/report/json_parts.h"
#include "monitor/report/json_writer.h"
#include "monitor/report/training.h"

namespace gradvitals {
namespace {

/// null for what JSON cannot write.
Json finite_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

Json episode_json(const Episode& episode) {
  Json json = finding_json(episode.finding);
  json["verdict"] = name(episode.finding.verdict);
  json["first_step"] = episode.first_step;
  json["last_step"] = episode.last_step;
  json["peak_step"] = episode.peak_step;
  json["count"] = episode.count;
  json["open"] = episode.is_open;
  return json;
}

Json object_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::object();
  for (const auto& [key, value] : pairs) json[key] = value;
  return json;
}

Json score_json(const std::optional<TrainingScore>& validation) {
  if (!validation) return {};
  return {{"loss", finite_or_null(validation->loss)},
          {"score_name", validation->name},
          {"score", finite_or_null(validation->score)},
          {"samples", validation->samples}};
}

void write_episodes(JsonWriter& out, const std::vector<Episode>& episodes) {
  out.key("episodes");
  out.open_array();
  for (const Episode& episode : episodes) out.value(episode_json(episode));
  out.close();
}

}  // namespace

std::string training_json(const TrainingReport& report) {
  JsonWriter out;
  out.open_object();
  out.member("schema", kTrainingSchema);
  out.member("name", report.name);
  out.member("device", report.device);
  out.member("settings", object_of(report.settings));
  out.member("first_step", report.first_step);
  out.member("steps", report.steps);
  out.member("planned_steps", report.planned_steps);
  out.member("complete", report.steps >= report.planned_steps);
  out.member("interruption", report.interruption.empty() ? Json() : Json(report.interruption));
  out.member("seconds", report.seconds);
  out.member("loss", finite_or_null(report.loss));
  out.member("validation", score_json(report.validation));
  out.member("vital_signs", vital_signs_json(report.vital_signs));
  write_episodes(out, report.episodes);
  out.member("forgotten_episodes", report.forgotten_episodes);
  out.member("verdict", name(report.verdict));
  out.member("severity", name(report.severity));
  out.member("worst_severity", name(report.worst_severity));
  out.member("files", object_of(report.files));
  if (!report.notes.empty()) out.member("notes", report.notes);
  out.close();
  return std::move(out).finish();
}

std::string alert_json(const HealthEvent& event, std::string_view run) {
  Json json = {
      {"schema", kAlertSchema}, {"event", name(event.kind)}, {"step", event.step}, {"run", run}};
  json.update(episode_json(event.episode));
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

}  // namespace gradvitals
