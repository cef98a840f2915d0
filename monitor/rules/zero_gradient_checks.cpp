// R13: gradients that are exactly zero, or not there.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "monitor/metrics/layer_units.h"
#include "monitor/metrics/parameter_name.h"
#include "monitor/metrics/phrases.h"
#include "monitor/rules/advice.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

/// The gradients that are exactly zero, idle biases apart, and whether anything else moves.
struct ZeroGradients {
  std::vector<std::string> names;
  bool is_total = false;  ///< It is the norm of all gradients together.
  int first_layer = -1;
  bool is_everything = true;
  bool are_idle_experts = false;  ///< All of them, beside experts of their kind that move.
};

/// A batch need not hold tokens for every expert.
bool are_idle_experts(const Evidence& evidence, const std::vector<std::string>& zero) {
  std::set<std::string> moving;
  for (const GradientNorm& gradient : evidence.gradients) {
    if (gradient.norm > 0.0) moving.insert(expert_kind(gradient.name));
  }
  moving.erase("");
  return std::ranges::all_of(
      zero, [&](const std::string& name) { return moving.contains(expert_kind(name)); });
}

ZeroGradients find_zero_gradients(const Evidence& evidence) {
  ZeroGradients zero;
  for (const GradientNorm& gradient : evidence.gradients) {
    const bool is_zero = gradient.norm == 0.0 && gradient.is_whole;
    if (!is_zero) {
      zero.is_everything = false;
    } else if (!gradient.is_idle_bias) {
      if (zero.names.empty()) zero.first_layer = gradient.layer;
      zero.names.push_back(gradient.name);
      zero.is_total = gradient.is_total;
    }
  }
  zero.are_idle_experts = are_idle_experts(evidence, zero.names);
  return zero;
}

/// Whether the step is known to be one at which nothing is zero by its initial value any more.
bool is_settled(const Evidence& evidence) {
  return evidence.metrics.step && *evidence.metrics.step >= evidence.thresholds.settled_step;
}

bool any_has_role(const HealthMetrics& metrics, Role role) {
  return std::ranges::any_of(metrics.tensors,
                             [role](const TensorRecord& tensor) { return tensor.role == role; });
}

Finding nothing_to_judge(const HealthMetrics& metrics) {
  Finding finding;
  finding.severity = Severity::kCritical;
  finding.text = "There is no gradient to judge.";
  finding.advice = {"Check that the network has trainable parameters",
                    "Check that the file holds gradients with at least one element"};
  finding.verdict = Verdict::kNoGradient;
  // Who watches a weight watches its gradient as well, where that can be read.
  if (any_has_role(metrics, Role::kWeight) && !any_has_role(metrics, Role::kGradient)) {
    finding.text =
        "There is no gradient to judge: weights are watched, and none of their gradients was read.";
    finding.advice.insert(finding.advice.begin(),
                          "Gradients that are sparse, complex or of 8 bits are left out in "
                          "PyTorch: watch(..., densify=True) reads dense copies of them");
  }
  return finding;
}

Finding zero_gradients(const ZeroGradients& zero, const Evidence& evidence) {
  const bool settled = is_settled(evidence) && !zero.are_idle_experts;
  const std::int64_t count = std::ssize(zero.names);
  Finding finding;
  finding.severity = zero.is_everything || settled ? Severity::kCritical : Severity::kWarning;
  finding.tensor = zero.names.front();
  finding.layer = zero.first_layer;
  finding.value = static_cast<double>(count);
  finding.threshold = 0.0;
  finding.verdict = Verdict::kVanishing;
  finding.text =
      zero.is_total
          ? fmt::format("The {} is exactly zero", total_norm_phrase(finding.tensor))
          : fmt::format("{} of {} gradients {} exactly zero: {}", count, evidence.gradients.size(),
                        plural(count, "is", "are"), list_names(zero.names));
  finding.advice = advice_against_zeros();
  if (zero.are_idle_experts) {
    finding.text += ". The others of their kind move: these had no token in this batch.";
    finding.advice = advice_for_idle_experts();
  } else if (zero.is_everything) {
    finding.text += ". Nothing is learnt.";
  } else if (settled) {
    finding.text += fmt::format(". At step {} that is no initial value any more: {} never {}.",
                                *evidence.metrics.step, plural(count, "it", "they"),
                                plural(count, "moves", "move"));
  } else {
    finding.text +=
        ". One step cannot tell a gradient that is cut off from one that is zero by design (LoRA's "
        "first step, a zero-initialised branch, an expert without tokens).";
    finding.advice.insert(
        finding.advice.begin(),
        "Judge the next step as well, in one call or with --step N: what is zero by "
        "design moves then");
  }
  return finding;
}

/// The mean over gradients, not over elements: an embedding has zeros for every word that the batch
/// lacks, and would outvote the rest of the network.
double mean_zero_fraction(const HealthMetrics& metrics) {
  double sum = 0.0;
  int count = 0;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || tensor.stats.count == 0) continue;
    sum += static_cast<double>(tensor.stats.zero_count) / static_cast<double>(tensor.stats.count);
    ++count;
  }
  return count > 0 ? sum / count : 0.0;
}

Finding mostly_zero(double fraction, double limit) {
  Finding finding;
  finding.severity = Severity::kInfo;
  finding.value = fraction;
  finding.threshold = limit;
  finding.text = fmt::format("On average {:.1f} % of a gradient's elements are exactly zero.",
                             100.0 * fraction);
  finding.advice = {"Look for dead relu units and for inputs that are mostly zero",
                    "In half precision, raise the loss scale: small values become zero"};
  finding.verdict = Verdict::kVanishing;
  return finding;
}

void append_missing(const Evidence& evidence, std::vector<Finding>& findings) {
  std::vector<std::string> missing;
  std::int64_t parameters = 0;
  Finding finding;
  for (const TensorRecord& tensor : evidence.metrics.tensors) {
    if (tensor.role != Role::kGradient) continue;
    ++parameters;
    if (tensor.exists) continue;
    if (missing.empty()) finding.layer = tensor.layer;
    missing.emplace_back(tensor.name);
  }
  if (missing.empty()) return;
  const std::int64_t count = std::ssize(missing);
  const bool idle = are_idle_experts(evidence, missing);
  finding.severity = idle ? Severity::kWarning : Severity::kCritical;
  finding.tensor = missing.front();
  finding.value = static_cast<double>(count);
  finding.threshold = 0.0;
  finding.text = fmt::format(
      "{} of {} parameters {} no gradient, because {} does not depend on {}: {}.", count,
      parameters, plural(count, "has", "have"), idle ? "the loss of this step" : "the loss",
      plural(count, "it", "them"), list_names(missing));
  finding.advice = idle ? advice_for_idle_experts() : advice_for_missing_gradients();
  finding.verdict = Verdict::kNoGradient;
  findings.push_back(std::move(finding));
}

}  // namespace

bool has_too_few_samples(const Evidence& evidence) {
  return std::ranges::any_of(evidence.metrics.units, [&](const LayerUnits& layer) {
    return can_die(layer.activation) && layer.batch < evidence.thresholds.min_relu_batch;
  });
}

std::vector<Finding> check_zero_gradients(const Evidence& evidence) {
  if (!can_be_judged(evidence.metrics)) return {nothing_to_judge(evidence.metrics)};
  std::vector<Finding> findings;
  append_missing(evidence, findings);
  const ZeroGradients zero = find_zero_gradients(evidence);
  const double fraction = mean_zero_fraction(evidence.metrics);
  const double limit = evidence.thresholds.zero_fraction;
  if (!zero.names.empty()) {
    findings.push_back(zero_gradients(zero, evidence));
  } else if (fraction >= limit && !has_too_few_samples(evidence)) {
    findings.push_back(mostly_zero(fraction, limit));
  }
  return findings;
}

}  // namespace gradvitals
