// GradientPresence: which gradients pause, as those of an expert that got no token. Internal.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// A parameter without gradient in one step is one that the loss does not depend on; where it had one
/// lately it is one that takes turns with others, and no fault. Not saved with a tracker's state: what a
/// run lacked before it was resumed is learnt anew.
class GradientPresence {
 public:
  /// Steps without a gradient after which one counts as missing.
  static constexpr std::int64_t kLongestPause = 100;

  void add(const HealthMetrics& metrics, std::int64_t step);

  /// The metrics without gradients that pause at the last step; empty where none does.
  std::optional<HealthMetrics> without_paused(const HealthMetrics& metrics) const;

 private:
  bool is_paused(const TensorRecord& tensor) const;

  std::int64_t step_ = 0;
  std::optional<std::int64_t> last_whole_step_;                  ///< In which none was missing.
  std::map<std::string, std::int64_t, std::less<>> last_steps_;  ///< Of those in steps with gaps.
};

}  // namespace gradvitals
