// The report of a training: how it went, as text and as JSON, and its alerts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/metrics/vital_signs.h"
#include "monitor/report/style.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// What the key "schema" says, first in each document.
inline constexpr std::string_view kTrainingSchema = "gradvitals.training/1";
inline constexpr std::string_view kAlertSchema = "gradvitals.alert/1";

/// How good the model is on samples that were held out.
struct TrainingScore {
  double loss = 0.0;
  std::string name;  ///< "accuracy", a share; others as they are.
  double score = 0.0;
  std::int64_t samples = 0;
};

/// Names may hold any bytes: the writers escape them.
struct TrainingReport {
  std::string name;    ///< "64-32-relu-10 on digits"
  std::string device;  ///< "cpu", "cuda" or "sim"
  /// What it was trained with: {"optimizer", "adam, ..."}, in the order to be shown.
  std::vector<std::pair<std::string, std::string>> settings;
  std::int64_t first_step =
      0;                   ///< Updates that were made before, by the run that this one resumes.
  std::int64_t steps = 0;  ///< Updates in all.
  std::int64_t planned_steps = 0;
  std::string interruption;  ///< What ended it before: "SIGINT"; empty where nothing did.
  double seconds = 0.0;
  std::optional<double> loss;  ///< Of the last step.
  std::optional<TrainingScore> validation;
  Verdict verdict = Verdict::kHealthy;      ///< Of what holds at the end.
  Severity severity = Severity::kOk;        ///< Of what holds at the end.
  Severity worst_severity = Severity::kOk;  ///< Of all that there was.
  std::vector<Episode> episodes;            ///< In the order of their first steps.
  std::int64_t forgotten_episodes = 0;
  VitalSigns vital_signs;
  /// {"checkpoint", "a.safetensors"}: files that hold what was asked for.
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<std::string> notes;  ///< What is missing: one sentence each.
};

/// The verdict in one sentence, the story of what happened, the result, and the files written. `panel` is
/// the text of the vital signs, and stands behind the result.
std::string training_text(const TrainingReport& report, std::string_view panel, TextStyle style);

/// The same as one document, with the conventions of diagnosis_json(). An element of "episodes" is a
/// finding with "verdict", "first_step", "last_step", "peak_step", "count" and "open".
std::string training_json(const TrainingReport& report);

/// What an alert command reads: one line, an episode as above with "event" ("began", "worsened" or
/// "ended"), the "step" that told, and the "run", the name of the report.
std::string alert_json(const HealthEvent& event, std::string_view run);

/// One line for people: "🚨 CRITICAL: step 12: R2 ...".
std::string alert_text(const HealthEvent& event);

}  // namespace gradvitals
