// TrajectoryReport: a run that was judged step by step, and its writers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/history/bounded_history.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/rule_evidence.h"
#include "monitor/report/style.h"
#include "monitor/rules/diagnosis.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// Of a run's curve: no more points than a line of text has room for, and no step whole.
inline constexpr BoundedHistory::Options kCurveOptions = {
    .recent = 1, .intervals = 64, .incidents = 2, .incident_steps = 0};

/// What a network has learnt, beside the best prediction that does not look at the sample.
struct ConstantBaseline {
  double loss = 0.0;
  double constant_loss = 0.0;
  bool is_beaten = false;  ///< The loss is clearly below.
};

/// What a HealthTracker has found. Names may hold any bytes: the writers escape them.
struct TrajectoryReport {
  std::string name;                        ///< Of the file, or of the run.
  std::int64_t steps = 0;                  ///< That were judged.
  std::optional<std::int64_t> first_step;  ///< Empty where none was, or they have no numbers.
  std::optional<std::int64_t> last_step;
  std::optional<double> first_loss;
  std::optional<double> last_loss;
  std::optional<double> last_norm;  ///< Of all gradients, in the last step.
  // Of the open episodes, at the end.
  Verdict verdict = Verdict::kHealthy;
  Severity severity = Severity::kOk;
  Severity worst_severity = Severity::kOk;  ///< Of all episodes that there were.
  std::vector<Episode> episodes;
  std::int64_t forgotten_episodes = 0;
  std::vector<HealthEvent> events;      ///< The first ones.
  std::int64_t events_left_out = 0;     ///< Those after them.
  BoundedHistory curve{kCurveOptions};  ///< Loss and norm over the whole run; see add_to_curve().
  std::optional<ConstantBaseline> baseline;  ///< Of the network at the end, where it is known.
  VitalSigns vital_signs;
  Thresholds thresholds;
  RuleEvidence evidence;           ///< Of the steps that were seen.
  std::vector<std::string> notes;  ///< What is to be said about the input.
};

/// Adds a step's loss and norm to the curve, and nothing of its tensors.
void add_to_curve(TrajectoryReport& report, std::int64_t step, std::optional<double> loss,
                  std::optional<double> global_norm);

/// What its JSON document says first.
inline constexpr std::string_view kRunSchema = "gradvitals.run/1";

/// Whether any step held what is to be judged: a gradient, a delta, or NaN or Inf anywhere. Else nothing is
/// known to be well.
bool is_judged(const TrajectoryReport& report);

/// Whether the gradients are healthy and nothing but a constant was learnt: the baseline is not beaten.
bool learnt_a_constant(const TrajectoryReport& report);

/// Of the worst episode, from a warning on; kNoGradient where nothing was judged.
Verdict run_verdict(const TrajectoryReport& report);

/// The episode that tells most about the run: of the worst ones a root cause, of those one that lasts,
/// of those the first. Null where there is none.
const Episode* worst_episode(const TrajectoryReport& report);

/// The root cause of that one, about which there is something to do; null where nothing from a warning on was
/// found.
const Episode* episode_to_treat(const TrajectoryReport& report);

/// The worst that there was, from a warning on. It is to be told as well where a healthy run's baseline is not
/// beaten, or nothing was judged.
Severity marked_severity(const TrajectoryReport& report);

/// One sentence: whether the run is healthy, else what is wrong with it and when. Where it is healthy at
/// its end and its baseline is not beaten, a second one says so.
std::string run_verdict_sentence(const TrajectoryReport& report);

/// The sentence, the notes, loss and norm as lines of characters, the episodes as a table, the
/// worst one with what to do about it, and the vital signs.
std::string trajectory_text(const TrajectoryReport& report, TextStyle style);

/// {"schema": "gradvitals.run/1", "name", "run": {"verdict" and "severity" of the worst episode,
/// "is_judged": else the verdict is "no_gradient", "steps", "first_step", "last_step", "first_bad_step", "findings"}, "at_end": {"verdict",
/// "severity"}, "vital_signs", "events", "curve"}: in the form of diagnosis_json(). A finding of
/// the run is one of its episodes: it has "first_step", "last_step", "peak_step", "count" and
/// "is_open", too. "curve" is the whole run in 64 points or fewer, {"step", "loss", "global_norm"}:
/// the largest values of the steps up to that one and after the point before; null where one of
/// them was not finite or none was known.
std::string trajectory_json(const TrajectoryReport& report);

}  // namespace gradvitals
