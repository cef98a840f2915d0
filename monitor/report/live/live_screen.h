// The live view of a run: what one screen says of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/style.h"
#include "monitor/rules/diagnosis.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// A number that changes from step to step.
struct LiveSignal {
  std::optional<double> last;  ///< Empty where it is not known.
  /// Over the run so far, oldest first: the largest of so many steps each, NaN where one was not finite.
  std::vector<double> course;
};

struct LiveTensor {
  std::string name;
  bool exists = true;               ///< Else the loss does not depend on the parameter.
  std::int64_t nonfinite = 0;       ///< Elements that are NaN or Inf.
  LiveSignal norm;                  ///< L2, by IEEE arithmetic: NaN with any NaN.
  std::optional<double> to_weight;  ///< norm / norm of the weight; empty where that is not known.
  bool is_named = false;            ///< An open warning, or worse, names it.
};

/// All of it as it is now. Names may hold any bytes.
struct LiveState {
  std::string name;                  ///< Of the run.
  std::string activity;              ///< "training"; "waiting for run.jsonl"
  std::string way_out;               ///< "Ctrl-C ends the training": how to leave.
  std::optional<std::int64_t> step;  ///< Updates made, or the last step that was read.
  std::int64_t steps = 0;            ///< In all; 0 where that is not known, as with those below.
  std::int64_t epoch = 0;            ///< From 1.
  std::int64_t epochs = 0;
  std::optional<std::int64_t> seconds_left;
  std::optional<double> learning_rate;
  std::optional<std::pair<std::string, std::string>> score;  ///< {"accuracy", "97.1 %"}
  LiveSignal loss;
  LiveSignal norm;  ///< Of all gradients together.

  std::int64_t judged_steps = 0;
  Verdict verdict = Verdict::kHealthy;  ///< Of what is open, as the severity.
  Severity severity = Severity::kOk;
  std::vector<Episode> open;
  std::optional<Episode> worst;     ///< That is over, where nothing open is as bad.
  std::vector<HealthEvent> events;  ///< The last ones, in their order.
  VitalSigns signs;
  Thresholds thresholds;
  std::vector<LiveTensor> tensors;    ///< Gradients, worst first: as many as a screen may show.
  std::int64_t gradients = 0;         ///< In all.
  std::vector<std::string> messages;  ///< The last ones, in their order.
};

/// Of what is open, what nothing else that is open explains: first the one that has the verdict's name,
/// and the worst.
std::vector<const Episode*> root_causes(const LiveState& state);

struct ScreenSize {
  int columns = 80;
  int rows = 24;
};

/// Lines from the top, no more of them than rows and none wider than the columns, colours apart. Where
/// there is no room for all, what tells least about what is wrong is left out first. Of the style
/// counts whether it has colours and other characters than ASCII.
std::vector<std::string> live_screen(const LiveState& state, ScreenSize size, TextStyle style);

}  // namespace gradvitals
