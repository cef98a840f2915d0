// R13: gradients that are exactly zero, or not there.
#include <fmt/format.h>

#include <algorithm>

#include "monitor/metrics/unit_records.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

/// Where zeros are: names and first layers of gradients that do not exist or hold zeros alone, and
/// the zeros of each gradient.
struct ZeroCensus {
  std::vector<std::string> missing;
  std::vector<std::string> all_zero;
  int first_missing_layer = -1;
  int first_zero_layer = -1;
  std::int64_t gradient_count = 0;
  double zero_fraction_sum = 0.0;  ///< Over the gradients that have elements.
  std::int64_t with_elements = 0;  ///< 0 where only norms are known

  /// The mean over gradients, not over elements: an embedding has zeros for every word that the
  /// batch lacks, and would outvote the rest of the network.
  double zero_fraction() const {
    return with_elements > 0 ? zero_fraction_sum / static_cast<double>(with_elements) : 0.0;
  }
};

ZeroCensus take_census(const Evidence& evidence) {
  ZeroCensus census;
  for (const TensorRecord& tensor : evidence.metrics.tensors) {
    if (tensor.role != Role::kGradient) continue;
    ++census.gradient_count;
    if (tensor.stats.count > 0) {
      ++census.with_elements;
      census.zero_fraction_sum +=
          static_cast<double>(tensor.stats.zero_count) / static_cast<double>(tensor.stats.count);
    }
    if (!tensor.exists) {
      if (census.missing.empty()) census.first_missing_layer = tensor.layer;
      census.missing.push_back(tensor.name);
    }
  }
  if (evidence.metrics.tensors.empty()) census.gradient_count = std::ssize(evidence.gradients);
  for (const GradientReading& gradient : evidence.gradients) {
    if (gradient.norm != 0.0 || !gradient.is_whole) continue;
    if (census.all_zero.empty()) census.first_zero_layer = gradient.layer;
    census.all_zero.push_back(gradient.name);
  }
  return census;
}

Finding nothing_to_judge() {
  Finding finding;
  finding.severity = Severity::kCritical;
  finding.text = "There is no gradient to judge.";
  finding.advice = {"Check that the network has trainable parameters",
                    "Check that the file holds gradients with at least one element"};
  finding.verdict = Verdict::kNoGradient;
  return finding;
}

Finding missing_gradients(const ZeroCensus& census) {
  Finding finding;
  finding.severity = Severity::kCritical;
  finding.tensor = census.missing.front();
  finding.layer = census.first_missing_layer;
  finding.value = static_cast<double>(census.missing.size());
  finding.threshold = 0.0;
  const std::int64_t count = std::ssize(census.missing);
  finding.text =
      fmt::format("{} of {} parameters {} no gradient, because the loss does not depend on {}: {}.",
                  count, census.gradient_count, plural(count, "has", "have"),
                  plural(count, "it", "them"), list_names(census.missing));
  finding.advice = {"Check that the parameter takes part in the forward pass",
                    "Look for a branch that never reaches the loss"};
  finding.verdict = Verdict::kNoGradient;
  return finding;
}

Finding zero_gradients(const ZeroCensus& census) {
  Finding finding;
  finding.severity = Severity::kCritical;
  finding.tensor = census.all_zero.front();
  finding.layer = census.first_zero_layer;
  finding.value = static_cast<double>(census.all_zero.size());
  finding.threshold = 0.0;
  const std::int64_t count = std::ssize(census.all_zero);
  finding.text =
      fmt::format("{} of {} gradients {} exactly zero: {}.", count, census.gradient_count,
                  plural(count, "is", "are"), list_names(census.all_zero));
  finding.advice = {"Look for saturated or dead units between this layer and the loss",
                    "Check that weights are not initialised with zeros",
                    "In half precision, raise the loss scale: small values become zero"};
  finding.verdict = Verdict::kVanishing;
  return finding;
}

/// One sample switches off half of the units on either side of a kernel, and so three quarters of
/// its gradient, in a healthy relu network.
bool has_too_few_samples(const Evidence& evidence) {
  return std::ranges::any_of(evidence.metrics.units, [&](const UnitRecord& layer) {
    return can_die(layer.activation) && layer.batch < evidence.thresholds.min_relu_batch;
  });
}

Finding mostly_zero(const ZeroCensus& census, double limit) {
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.value = census.zero_fraction();
  finding.threshold = limit;
  finding.text = fmt::format("On average {:.1f} % of a gradient's elements are exactly zero.",
                             100.0 * census.zero_fraction());
  finding.advice = {"Look for dead relu units and for inputs that are mostly zero",
                    "In half precision, raise the loss scale: small values become zero"};
  finding.verdict = Verdict::kVanishing;
  return finding;
}

}  // namespace

std::vector<Finding> check_zero_gradients(const Evidence& evidence) {
  if (!can_be_judged(evidence.metrics)) return {nothing_to_judge()};
  const ZeroCensus census = take_census(evidence);
  const double limit = evidence.thresholds.zero_fraction;
  std::vector<Finding> findings;
  if (!census.missing.empty()) findings.push_back(missing_gradients(census));
  if (!census.all_zero.empty()) {
    findings.push_back(zero_gradients(census));
  } else if (census.zero_fraction() >= limit && !has_too_few_samples(evidence)) {
    findings.push_back(mostly_zero(census, limit));
  }
  return findings;
}

}  // namespace gradvitals
