// Diagnosis: what the rules found, and the verdict that follows from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/rules/rule_id.h"

namespace gradvitals {

enum class Severity : std::uint8_t { kOk, kInfo, kWarning, kCritical };

enum class Verdict : std::uint8_t {
  kHealthy,
  kVanishing,
  kExploding,
  kSaturated,
  kDead,
  kNonFinite,
  kNoGradient,
  kUnstable,
  kSymmetric,
  kStalled,
};

/// "ok", "info", "warning", "critical"; "healthy", "vanishing", ..., "no_gradient", "unstable",
/// "symmetric", "stalled".
std::string_view name(Severity severity);
std::string_view name(Verdict verdict);

/// "Backward factor": what a rule of rule_table() looks for. Empty for a rule of runs.
std::string_view rule_title(RuleId rule);

/// One rule that fired.
struct Finding {
  RuleId rule = RuleId::kNone;  ///< The checks of rule_table() leave it to diagnose().
  Severity severity = Severity::kInfo;
  std::string
      tensor;  ///< The tensor or layer at fault; empty where the finding is about the network.
  std::string
      network;  ///< The one it is about, where several were examined and it is not about all.
  int layer = -1;
  bool at_head = false;             ///< The layer at fault is known to be the last one.
  std::optional<double> value;      ///< What was measured; empty where it is not a number.
  std::optional<double> threshold;  ///< The limit that it crossed.
  std::string text;                 ///< One sentence: what is wrong.
  std::vector<std::string> advice;  ///< What to do about it, most useful first.
  /// The rule that explains this finding; empty for a root cause.
  std::optional<RuleId> consequence_of;
  Verdict verdict = Verdict::kHealthy;  ///< The verdict of a step that this finding decides.
};

/// `verdict` says what is wrong, `severity` how bad the worst of it is. Healthy means exactly: no
/// finding of severity warning or above.
struct Diagnosis {
  Verdict verdict = Verdict::kHealthy;  ///< Of the deciding finding.
  Severity severity = Severity::kOk;    ///< Of the worst finding.
  /// The deciding one first, root causes before what they explain, what only informs last.
  std::vector<Finding> findings;
  VitalSigns vital_signs;
  Thresholds thresholds;  ///< Those it was made with.
};

/// Whether the finding is one of those that the verdict is made of.
bool supports_verdict(const Finding& finding, const Diagnosis& diagnosis);

/// Applies the full rules, to each network alone where several were examined together: what is wrong
/// with one explains nothing of another. Pure: the same metrics give the same diagnosis. Where
/// nothing can be judged (can_be_judged()), the verdict is no_gradient, never healthy. Throws
/// std::logic_error for a finding without its rule.
Diagnosis diagnose(const HealthMetrics& metrics, const Thresholds& thresholds = {});

/// Puts the findings in order, with what explains which, and makes verdict and severity of them: for
/// who has changed them.
void decide(Diagnosis& diagnosis);

}  // namespace gradvitals
