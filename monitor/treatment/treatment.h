// Treatment: from what was seen of the steps so far to the controls of the next one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/trajectory/robust_window.h"
#include "monitor/treatment/step_controls.h"

namespace gradvitals {

/// What may be done. Nothing, unless it is asked for.
struct TreatmentOptions {
  bool clips = false;
  /// Of all gradients together. Without it the limit follows the norms: `clip_quantile` of the last
  /// ones (AutoClip: Seetharaman et al. 2020).
  std::optional<double> clip_norm{};
  double clip_quantile = 0.95;
  /// Skips steps with NaN or Inf, and those whose norm is a spike (R14).
  bool skips = false;
  /// Halves the learning rate where an explosion lasts.
  bool cuts_learning_rate = false;
  double cut_factor = 0.5;
};

enum class TreatmentKind : std::uint8_t { kClip, kSkip, kLearningRate };

/// "clip", "skip" or "lr".
std::string_view name(TreatmentKind kind);

/// What was done about a step, or is done from the next one on.
struct TreatmentEvent {
  TreatmentKind kind = TreatmentKind::kClip;
  std::int64_t step = 0;
  /// The norm before and after clipping, the norm and 0 of a step that was skipped, the factor of the
  /// learning rate before and after a cut.
  double before = 0.0;
  double after = 0.0;
  std::string text;
};

/// How often each was done.
struct TreatmentCounts {
  std::int64_t clipped_steps = 0;
  std::int64_t skipped_steps = 0;
  std::int64_t learning_rate_cuts = 0;
};

/// Pure but for what it remembers: the same steps give the same controls. What decides about a step is
/// known before it: the device compares, and the host need not wait.
class Treatment {
 public:
  /// Throws std::invalid_argument for a norm that is not positive and finite, and for a quantile or
  /// factor outside of (0, 1).
  explicit Treatment(const TreatmentOptions& options, const Thresholds& thresholds = {});

  const StepControls& controls() const { return controls_; }

  /// Takes a step that was made with controls(), and the episodes that HealthTracker knows after it.
  /// A clip is an event where the steps before it were not clipped. Where sixteen steps in a row are
  /// not finite because weights are not, an event says once that skipping cannot help.
  std::vector<TreatmentEvent> add(const HealthMetrics& metrics, const StepContext& context,
                                  std::span<const Episode> episodes);

  const TreatmentCounts& counts() const { return counts_; }

  /// What it remembers, exact to the bit. load_state() throws std::invalid_argument naming the entry
  /// that is missing or no such number, and then changes nothing.
  void save_state(std::map<std::string, std::string>& state) const;
  void load_state(const std::map<std::string, std::string>& state);

 private:
  void add_clip(double norm, const StepContext& context, std::int64_t step,
                std::vector<TreatmentEvent>& events);
  void add_skip(double norm, bool is_finite, std::int64_t step,
                std::vector<TreatmentEvent>& events);
  void watch_weights(const HealthMetrics& metrics, bool is_finite, std::int64_t step,
                     std::vector<TreatmentEvent>& events);
  void cut_learning_rate(std::span<const Episode> episodes, std::int64_t step,
                         std::vector<TreatmentEvent>& events);
  void set_limits();

  TreatmentOptions options_;
  Thresholds thresholds_;
  StepControls controls_;
  RobustWindow norms_;  ///< log10, of the steps that were finite and no spikes.
  std::int64_t unclipped_in_a_row_ = 0;
  std::int64_t spikes_in_a_row_ = 0;
  std::optional<std::int64_t> last_cut_;
  // Not saved: what they lead to is said again after a resume from weights that are lost.
  std::int64_t nonfinite_in_a_row_ = 0;
  std::optional<std::int64_t> lost_weights_;  ///< The step since which weights are not finite.
  TreatmentCounts counts_;
  std::int64_t steps_ = 0;
};

}  // namespace gradvitals
