// RuleEvidence: which rules had anything to judge. No finding of a rule that had nothing is no good news.
#pragma once

#include <cstdint>
#include <string>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/rules/rule_id.h"

namespace gradvitals {

/// What the metrics of one step, or of several, held of all that rules ask for.
class RuleEvidence {
 public:
  /// Rules of one visit judge check-ups alone; those over time every step.
  void add(const HealthMetrics& metrics, bool is_checkup);

  /// What a rule of one visit lacked: "no layer with relu was counted"; empty where it had something to
  /// judge. `signs` are those of the last check-up.
  std::string missing(RuleId rule, const VitalSigns& signs, const Thresholds& thresholds) const;
  /// The same of a rule over time, of a network that was watched while it trained.
  std::string missing_over_time(RuleId rule, const Thresholds& thresholds) const;

  std::int64_t steps() const { return steps_; }
  /// Those of which can_be_judged().
  std::int64_t judged_steps() const { return judged_steps_; }
  /// Those whose gradients were all finite.
  std::int64_t finite_steps() const { return finite_steps_; }

 private:
  void add_tensor(const TensorRecord& tensor, const HealthMetrics& metrics, bool is_checkup);
  std::string too_few_steps(std::int64_t known, std::int64_t needed, const char* what) const;

  std::int64_t steps_ = 0;
  std::int64_t judged_steps_ = 0;
  std::int64_t checkups_ = 0;
  std::int64_t finite_steps_ = 0;
  std::int64_t losses_ = 0;
  std::int64_t relu_batch_ = 0;  ///< Largest batch of which relu units were counted.
  bool has_several_norms_ = false;
  bool has_finite_norm_ = false;
  bool has_half_kernel_ = false;
  bool has_slices_ = false;
  bool has_saturable_units_ = false;
  bool has_weight_ = false;
  bool has_update_ = false;
  bool has_initial_weight_ = false;
};

}  // namespace gradvitals
