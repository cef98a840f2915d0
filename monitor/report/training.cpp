#include "monitor/report/training.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/gradient_signals.h"
#include "monitor/report/finding_json.h"
#include "monitor/report/number_text.h"
#include "monitor/report/trajectory_json.h"
#include "monitor/report/treatment.h"

namespace gradvitals {
namespace {

std::string fact(std::string_view what, std::string_view value) {
  return fmt::format("   {:<16}{}\n", what, printable(value));
}

std::string made_steps(const TrainingReport& report) {
  std::string text = fmt::format("{}", report.steps);
  if (report.steps < report.planned_steps) text += fmt::format(" of {}", report.planned_steps);
  if (report.steps_before > 0) {
    text += fmt::format(", {} of them before it was resumed", report.steps_before);
  }
  if (!report.interruption.empty()) text += fmt::format("; ended by {}", report.interruption);
  return text;
}

std::string held_out_text(const TrainingScore& score) {
  if (!std::isfinite(score.score)) {
    return fmt::format("loss {} on {} samples", three_digits(score.loss), score.samples);
  }
  return fmt::format("{} {}, loss {} on {} samples", score.name,
                     score_text(score.name, score.score, 2), three_digits(score.loss),
                     score.samples);
}

std::string cosine_text(const CosineReport& cosine) {
  if (!cosine.mean) return "not defined: no two steps in a row had gradients";
  const std::string last = cosine.last ? fmt::format("{:.2f}", *cosine.last) : "not defined";
  std::string text =
      fmt::format("between successive gradients {:.2f} in the mean of {} steps, {} at the last",
                  *cosine.mean, cosine.steps, last);
  const CosineReport::Mean* least = nullptr;
  for (const CosineReport::Mean& tensor : cosine.tensors) {
    if (tensor.value && (least == nullptr || *tensor.value < *least->value)) least = &tensor;
  }
  if (least != nullptr) text += fmt::format("; least of {}: {:.2f}", least->name, *least->value);
  return text;
}

std::string noise_text(const NoiseReport& noise) {
  if (!noise.scale) {
    return fmt::format("not measurable: the halves of a batch of {} show no common gradient",
                       noise.batch);
  }
  return fmt::format("{} samples: {}", three_digits(*noise.scale),
                     batch_advice(*noise.scale, noise.batch));
}

/// No step was made: nothing can be said about health.
std::string nothing_left_text(const TrainingReport& report) {
  if (report.steps < report.planned_steps) {
    return fmt::format("{}: No step was made: nothing was judged\n", marker(Severity::kInfo));
  }
  return fmt::format(
      "{}: All {} steps were made before: nothing is left to train, and nothing was judged; "
      "a larger number of steps or epochs goes on\n",
      marker(Severity::kInfo), report.planned_steps);
}

Json cosine_json(const std::optional<CosineReport>& cosine) {
  if (!cosine) return {};
  Json tensors = Json::array();
  for (const CosineReport::Mean& tensor : cosine->tensors) {
    tensors.push_back({{"name", tensor.name}, {"mean", json_number(tensor.value)}});
  }
  return {{"last", json_number(cosine->last)},
          {"mean", json_number(cosine->mean)},
          {"steps", cosine->steps},
          {"tensors", std::move(tensors)}};
}

Json noise_json(const std::optional<NoiseReport>& noise) {
  if (!noise) return {};
  return {{"scale", json_number(noise->scale)}, {"batch", noise->batch}};
}

Json object_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::object();
  for (const auto& [key, value] : pairs) json[key] = value;
  return json;
}

Json counts_json(const std::optional<TreatmentCounts>& counts) {
  if (!counts) return {};
  return {{"clipped_steps", counts->clipped_steps},
          {"skipped_steps", counts->skipped_steps},
          {"learning_rate_cuts", counts->learning_rate_cuts}};
}

Json score_json(const std::optional<TrainingScore>& validation) {
  if (!validation) return {};
  return {{"loss", json_number(validation->loss)},
          {"score_name", validation->name},
          {"score", json_number(validation->score)},
          {"samples", validation->samples}};
}

Json baseline_json(const std::optional<ConstantBaseline>& baseline) {
  if (!baseline) return {};
  return {{"loss", json_number(baseline->loss)},
          {"constant_loss", json_number(baseline->constant_loss)},
          {"is_beaten", baseline->is_beaten}};
}

Json files_json(const TrainingReport& report) {
  Json json = object_of(report.files);
  for (const KeptIncident& incident : report.incidents) {
    json["incidents"].push_back(incident.folder);
  }
  return json;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> training_facts(const TrainingReport& report) {
  std::vector<std::pair<std::string, std::string>> facts = report.settings;
  facts.emplace_back("steps", made_steps(report));
  if (report.validation) facts.emplace_back("held out", held_out_text(*report.validation));
  if (report.noise) facts.emplace_back("noise scale", noise_text(*report.noise));
  if (report.cosine) facts.emplace_back("cosine", cosine_text(*report.cosine));
  if (report.treatment) facts.emplace_back("treated", treatment_summary(*report.treatment));
  facts.insert(facts.end(), report.files.begin(), report.files.end());
  for (const KeptIncident& incident : report.incidents) {
    facts.emplace_back("incident", fmt::format("{}: {}", incident.folder, incident.reason));
  }
  return facts;
}

std::string training_text(const TrainingReport& report, TextStyle style) {
  std::string text =
      fmt::format("{0:=<60}\nTRAINING: {1}\n{0:=<60}\n", "", printable(report.run.name));
  for (const auto& [what, value] : training_facts(report)) text += fact(what, value);
  text += '\n';
  if (report.steps == report.steps_before) {
    return decorate(text + nothing_left_text(report), style);
  }
  return decorate(text, style) + trajectory_text(report.run, style);
}

std::string training_json(const TrainingReport& report) {
  JsonWriter out;
  out.open_object();
  out.member("schema", kTrainingSchema);
  out.member("name", report.run.name);
  out.member("device", report.device);
  out.member("settings", object_of(report.settings));
  out.member("steps_before", report.steps_before);
  out.member("steps", report.steps);
  out.member("planned_steps", report.planned_steps);
  out.member("complete", report.steps >= report.planned_steps);
  out.member("interruption", report.interruption.empty() ? Json() : Json(report.interruption));
  out.member("seconds", report.seconds);
  out.member("validation", score_json(report.validation));
  out.member("constant_prediction", baseline_json(report.run.baseline));
  out.member("cosine", cosine_json(report.cosine));
  out.member("noise", noise_json(report.noise));
  out.member("treatment", counts_json(report.treatment));
  out.member("files", files_json(report));
  write_judged_run(out, report.run);
  out.member("curve", curve_json(report.run));
  out.close();
  return std::move(out).finish();
}

std::string alert_json(const HealthEvent& event, std::string_view name) {
  Json json = {{"schema", kAlertSchema}, {"name", name}};
  json.update(event_json(event));
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

std::string alert_text(const HealthEvent& event) {
  const Finding& finding = event.episode.finding;
  const std::string what = fmt::format("{} {}", rule_number(finding.rule), printable(finding.text));
  if (event.kind == HealthEventKind::kEnded) {
    return fmt::format("{}: step {}: over since step {}: {}", marker(Severity::kOk), event.step,
                       event.episode.last_step + 1, what);
  }
  const std::string_view worse = event.kind == HealthEventKind::kWorsened ? "worse: " : "";
  return fmt::format("{}: step {}: {}{}", marker(finding.severity), event.step, worse, what);
}

}  // namespace gradvitals
