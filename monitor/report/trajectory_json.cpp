#include "monitor/report/trajectory_json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "monitor/report/finding_json.h"
#include "monitor/report/trajectory_report.h"

namespace gradvitals {
namespace {

/// Null where no episode is a warning or worse.
Json first_bad_step(const TrajectoryReport& report) {
  std::optional<std::int64_t> first;
  for (const Episode& episode : report.episodes) {
    if (episode.finding.severity < Severity::kWarning) continue;
    first = std::min(first.value_or(episode.first_step), episode.first_step);
  }
  return json_count(first);
}

Json judged_run_json(const TrajectoryReport& report) {
  Json findings = Json::array();
  for (const Episode& episode : report.episodes) findings.push_back(episode_json(episode));
  return {{"verdict", name(run_verdict(report))},
          {"severity", name(report.worst_severity)},
          {"is_judged", is_judged(report)},
          {"steps", report.steps},
          {"first_step", json_count(report.first_step)},
          {"last_step", json_count(report.last_step)},
          {"first_bad_step", first_bad_step(report)},
          {"first_loss", json_number(report.first_loss)},
          {"last_loss", json_number(report.last_loss)},
          {"findings", std::move(findings)},
          {"findings_left_out", report.forgotten_episodes}};
}

}  // namespace

Json episode_json(const Episode& episode) {
  Json json = finding_json(episode.finding);
  json["verdict"] = name(episode.finding.verdict);
  json["first_step"] = episode.first_step;
  json["last_step"] = episode.last_step;
  json["peak_step"] = episode.peak_step;
  json["count"] = episode.count;
  json["is_open"] = episode.is_open;
  return json;
}

Json curve_json(const TrajectoryReport& report) {
  Json points = Json::array();
  for (const HistoryInterval& interval : report.curve.intervals()) {
    points.push_back({{"step", interval.last_step},
                      {"loss", json_number(interval.loss.peak())},
                      {"global_norm", json_number(interval.global_norm.peak())}});
  }
  return points;
}

Json event_json(const HealthEvent& event) {
  Json json = {{"event", name(event.kind)}, {"step", event.step}};
  json.update(episode_json(event.episode));
  return json;
}

void write_judged_run(JsonWriter& out, const TrajectoryReport& report) {
  out.member("run", judged_run_json(report));
  out.member("at_end", {{"verdict", name(report.verdict)}, {"severity", name(report.severity)}});
  out.member("vital_signs", vital_signs_json(report.vital_signs));
  write_thresholds(out, report.thresholds);
  if (!report.notes.empty()) out.member("notes", report.notes);
  out.key("events");
  out.open_array();
  for (const HealthEvent& event : report.events) out.value(event_json(event));
  out.close();
  out.member("events_left_out", report.events_left_out);
}

std::string trajectory_json(const TrajectoryReport& report) {
  JsonWriter out;
  out.open_object();
  out.member("schema", kRunSchema);
  out.member("name", report.name);
  write_judged_run(out, report);
  out.member("curve", curve_json(report));
  out.close();
  return std::move(out).finish();
}

}  // namespace gradvitals
