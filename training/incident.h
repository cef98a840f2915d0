// IncidentReport, StoredIncident: what a flight recorder keeps of a step in which something
// critical began, as files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/history/history_reader.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/treatment/step_controls.h"
#include "training/norm_growth.h"

namespace gradvitals {

/// What the key "schema" of incident.json says, first in the document.
inline constexpr std::string_view kIncidentSchema = "gradvitals.incident/1";

// The files of an incident's folder.
inline constexpr std::string_view kIncidentFile = "incident.json";
/// The recorded steps, the incident's last: a history, as `gradvitals diagnose` reads it.
inline constexpr std::string_view kIncidentStepsFile = "steps.jsonl";
/// The training before the incident's step (Trainer::load_checkpoint()).
inline constexpr std::string_view kIncidentCheckpointFile = "checkpoint.safetensors";

/// One of the recorded steps.
struct IncidentStep {
  std::int64_t step = 0;
  std::optional<double> loss;
  double global_norm = 0.0;
  StepContext context;
};

/// Everything that incident.json says.
struct IncidentReport {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  /// Updates that the checkpoint has: `step`, but on a GPU, where the host hears of a step later.
  std::int64_t checkpoint_step = 0;
  std::vector<HealthEvent> events;  ///< Of the step; the one that is the reason first.
  std::optional<std::int64_t> first_nonfinite_index;  ///< In the tensor at fault.
  std::vector<NormGrowth> growth;                     ///< What grew before, fastest first.
  std::vector<IncidentStep> steps;                    ///< The last one is the incident's.
  std::vector<std::int64_t> samples;        ///< Rows of TrainingData::training that made its batch.
  std::vector<std::int64_t> source_rows{};  ///< Those of their file, where they are known.
  StepControls controls;
  std::map<std::string, std::string> settings;  ///< For readers: any texts.
  std::vector<std::string> command;  ///< Words that start the same training; may be empty.
};

/// One document, ASCII only. What is not finite is "NaN", "Infinity" or "-Infinity", as in a
/// history.
std::string incident_json(const IncidentReport& incident);

/// An incident that was read again: what is needed to make its step once more.
struct StoredIncident {
  std::string path;  ///< Of its incident.json.
  std::string folder;
  std::int64_t step = 0;
  std::int64_t checkpoint_step = 0;
  std::string rule;  ///< "R1"
  std::string severity;
  std::string verdict;
  std::string tensor;  ///< Empty where it is about the network.
  std::string text;    ///< What was wrong, in one sentence.
  std::optional<std::int64_t> first_nonfinite_index;
  std::vector<std::int64_t> samples;
  std::map<std::string, std::string> settings;
  std::vector<std::string> command;

  std::string file(std::string_view name) const;
};

/// `path` is the folder or its incident.json. Throws InputError naming the file and the field that
/// is missing or wrong, and for a schema that is newer.
StoredIncident read_incident(const std::string& path);

/// The recorded statistics of the incident's own step. Throws InputError naming the file.
HistoryStep read_incident_step(const StoredIncident& incident);

}  // namespace gradvitals
