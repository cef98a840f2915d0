// The report of a training: how it went, as text and as JSON, and its alerts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/report/style.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/treatment/treatment.h"

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

/// Cosines between successive gradients over a run (GradientSignals). Empty where none was defined.
struct CosineReport {
  struct Mean {
    std::string name;  ///< Of the parameter.
    std::optional<double> value;
  };

  std::optional<double> last;
  std::optional<double> mean;
  std::int64_t steps = 0;     ///< That the mean is over.
  std::vector<Mean> tensors;  ///< In the order of the parameters.
};

/// The gradient noise scale at the end of a run (NoiseScale), in samples; empty where there is none.
struct NoiseReport {
  std::optional<double> scale;
  std::int64_t batch = 0;  ///< Samples of a step.
};

/// An incident that was written (training/incident.h).
struct KeptIncident {
  std::string folder;
  std::string reason;  ///< "exploding (R2) in dense/kernel"
};

/// Names may hold any bytes: the writers escape them.
struct TrainingReport {
  TrajectoryReport run;  ///< Its notes say what is missing.
  std::string device;    ///< "cpu", "cuda" or "sim"
  /// What it was trained with: {"optimizer", "adam, ..."}, in the order to be shown.
  std::vector<std::pair<std::string, std::string>> settings;
  std::int64_t steps_before = 0;  ///< Updates made by the run that this one resumes.
  std::int64_t steps = 0;         ///< Updates in all.
  std::int64_t planned_steps = 0;
  std::string interruption;  ///< What ended it before: "SIGINT"; empty where nothing did.
  double seconds = 0.0;
  std::optional<TrainingScore> validation;
  std::optional<CosineReport> cosine;  ///< None where it was not asked for; noise likewise.
  std::optional<NoiseReport> noise;
  std::optional<TreatmentCounts> treatment;  ///< Where it could be treated.
  /// {"checkpoint", "a.safetensors"}: files that hold what was asked for.
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<KeptIncident> incidents;
};

/// What was trained and with what result: {"optimizer", "adam, ..."}, in the order to be shown.
std::vector<std::pair<std::string, std::string>> training_facts(const TrainingReport& report);

/// What was trained and with what result, the files written, and the text of trajectory_text().
std::string training_text(const TrainingReport& report, TextStyle style);

/// The same as one document: settings and result, then the run as trajectory_json() has it.
std::string training_json(const TrainingReport& report);

/// What an alert command reads: one line, an event as in the "events" of training_json(), with the name
/// of the run as "name".
std::string alert_json(const HealthEvent& event, std::string_view name);

/// One line for people: "🚨 CRITICAL: step 12: R2 ...".
std::string alert_text(const HealthEvent& event);

}  // namespace gradvitals
