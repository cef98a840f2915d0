// The checks of the rule table; what each looks for, its limits and its source: docs/rules.md.
#pragma once

#include <vector>

#include "monitor/rules/rule.h"

namespace gradvitals {

std::vector<Finding> check_non_finite(const Evidence& evidence);
std::vector<Finding> check_saturation(const Evidence& evidence);
std::vector<Finding> check_dead_units(const Evidence& evidence);
std::vector<Finding> check_zero_units(const Evidence& evidence);
std::vector<Finding> check_twin_units(const Evidence& evidence);
std::vector<Finding> check_underflow(const Evidence& evidence);
std::vector<Finding> check_scaled_norm(const Evidence& evidence);
std::vector<Finding> check_zero_gradients(const Evidence& evidence);
std::vector<Finding> check_backward_factor(const Evidence& evidence);
std::vector<Finding> check_gradient_spread(const Evidence& evidence);
std::vector<Finding> check_forward_gain(const Evidence& evidence);
std::vector<Finding> check_vanished_gradients(const Evidence& evidence);
std::vector<Finding> check_complete_failure(const Evidence& evidence);
std::vector<Finding> check_large_gradients(const Evidence& evidence);
std::vector<Finding> check_norm_range(const Evidence& evidence);

/// A finding about one gradient, kernel or layer, which has a name and a place: `value` is beyond
/// `limit`.
template <typename Subject>
Finding finding_about(const Subject& subject, Severity severity, double value, double limit,
                      Verdict verdict) {
  Finding finding;
  finding.severity = severity;
  finding.tensor = subject.name;
  finding.layer = subject.layer;
  finding.value = value;
  finding.threshold = limit;
  finding.verdict = verdict;
  return finding;
}

/// Whether a relu layer saw fewer samples than Thresholds::min_relu_batch: one sample switches off half of
/// the units on either side of a kernel, and so three quarters of its gradient, in a healthy network.
bool has_too_few_samples(const Evidence& evidence);

/// Whether R2 or R19 warns of gradients that shrink.
bool signal_vanishes(const Evidence& evidence);

}  // namespace gradvitals
