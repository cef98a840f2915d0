// HealthTracker: judges a network while it trains, step by step.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/rules/diagnosis.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// Feed it each step in order:
///
///     HealthTracker tracker;
///     for (...) {
///       ...
///       for (const HealthEvent& event : tracker.add(metrics, {.learning_rate = rate})) ...
///     }
///     if (tracker.severity() >= Severity::kWarning) ...
///
/// A step's metrics hold gradients, weights, updates and the loss, as far as they are known. Where
/// the context says that it is a check-up, diagnose() judges it, too. Memory does not grow with the
/// number of steps.
class HealthTracker {
 public:
  explicit HealthTracker(const Thresholds& thresholds = {});
  ~HealthTracker();
  HealthTracker(HealthTracker&&) noexcept;
  HealthTracker& operator=(HealthTracker&&) noexcept;

  /// Judges the next step, and gives what began, grew worse or ended with it. Steps are numbered by
  /// metrics.step, else counted from 0. Pure but for what it remembers: the same steps give the
  /// same events.
  std::vector<HealthEvent> add(const HealthMetrics& metrics, const StepContext& context = {});

  /// How the network is at the last step: `metrics`, of that step or of an earlier one that was
  /// applied, judged by themselves as at a check-up, and with it what is open of NaN and Inf and of
  /// the rules over time.
  Diagnosis judge(const HealthMetrics& metrics) const;

  /// In the order of their first steps. Of more than kMostEpisodes, ended ones of the least
  /// severity are forgotten first.
  const std::vector<Episode>& episodes() const;
  static constexpr std::size_t kMostEpisodes = 256;
  /// Episodes that were forgotten.
  std::int64_t forgotten_episodes() const;

  /// Of the open episodes: how the network is now.
  Verdict verdict() const;
  Severity severity() const;
  /// Of all episodes that there were.
  Severity worst_severity() const;

  /// In the last step, the loss was next to nothing beside that of the start: small gradients are
  /// no fault then.
  bool has_converged() const;

  /// Those of the last check-up; heart rate and temperature over the last steps.
  const VitalSigns& vital_signs() const;
  std::int64_t steps() const;

  /// The number of the step that was judged last, and what began, grew worse or ended with it. None
  /// before the first.
  std::optional<std::int64_t> last_step() const;
  std::span<const HealthEvent> last_events() const;

  /// All that it remembers, exact to the bit, as one line of JSON. A tracker that takes it back
  /// judges the steps that follow as this one would: the same events, episodes and vital signs. It
  /// is a few KB, some 20 bytes a parameter and 500 an episode.
  std::string save_state() const;
  /// Takes it back in place of what was remembered. Thresholds stay this tracker's: of windows that
  /// are longer than they allow, the newest values are kept. Throws std::invalid_argument naming
  /// what is missing, of another kind or out of range, and then changes nothing.
  void load_state(std::string_view state);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradvitals
