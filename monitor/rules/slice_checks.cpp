// R23 and R24: rows and columns of a kernel's gradient, each of them a unit.
#include <fmt/format.h>

#include <algorithm>

#include "monitor/metrics/layer_units.h"
#include "monitor/metrics/phrases.h"
#include "monitor/rules/checks.h"
#include "monitor/rules/hidden_kernels.h"

namespace gradvitals {
namespace {

std::string_view slice_word(const TensorRecord& kernel) {
  return kernel.unit_axis == UnitAxis::kCols ? "columns" : "rows";
}

double zero_fraction(const TensorRecord* kernel) {
  return fraction(kernel->units->zero_count, kernel->units->count);
}

/// Units that get no gradient while the rest of their kernel does.
std::vector<const TensorRecord*> with_zero_units(const Evidence& evidence, double limit) {
  std::vector<const TensorRecord*> kernels = hidden_kernels(evidence.metrics);
  std::erase_if(kernels, [&](const TensorRecord* kernel) {
    const bool is_all_zero = kernel->units->zero_count == kernel->units->count;
    return is_all_zero || !(zero_fraction(kernel) > limit);
  });
  return kernels;
}

std::string others_with_zero_units(const std::vector<const TensorRecord*>& kernels,
                                   const TensorRecord* worst) {
  std::vector<std::string> others;
  for (const TensorRecord* kernel : kernels) {
    if (kernel == worst) continue;
    others.push_back(fmt::format("{} of {} of {}", kernel->units->zero_count, kernel->units->count,
                                 kernel->name));
  }
  return others.empty() ? "" : fmt::format("; so are {}", list_names(others));
}

/// What is left of most elements are the last bits of their type, where equality is rounding.
bool has_underflowed(const TensorRecord& kernel) {
  const TensorStats& stats = kernel.stats;
  return 2 * stats.subnormal_count > stats.finite_count() - stats.zero_count;
}

/// One slice that holds nearly all of a gradient.
std::vector<Finding> top_slices(const Evidence& evidence) {
  constexpr std::int64_t kMinSlices = 8;  // Of fewer, one may well lead.
  const double limit = evidence.thresholds.top_unit_share;
  const TensorRecord* worst = nullptr;
  for (const TensorRecord& tensor : evidence.metrics.tensors) {
    if (!is_kernel_gradient(tensor) || tensor.units->count < kMinSlices) continue;
    if (!(tensor.units->top_share > limit)) continue;
    if (worst == nullptr || tensor.units->top_share > worst->units->top_share) worst = &tensor;
  }
  if (worst == nullptr) return {};
  Finding finding =
      finding_about(*worst, Severity::kInfo, worst->units->top_share, limit, Verdict::kUnstable);
  const std::string_view word = slice_word(*worst);
  finding.text = fmt::format(
      "One of {} {} of {}, that with index {}, holds {:.1f} % of its squares.", worst->units->count,
      word, worst->name, worst->units->top_index, 100.0 * worst->units->top_share);
  finding.advice = {"Look at the sample, token or unit behind that index",
                    "Clip gradients, or mask what should not count"};
  return {finding};
}

}  // namespace

std::vector<Finding> check_zero_units(const Evidence& evidence) {
  const double limit = evidence.thresholds.zero_unit_fraction;
  std::vector<Finding> findings = top_slices(evidence);
  const std::vector<const TensorRecord*> kernels = with_zero_units(evidence, limit);
  if (kernels.empty() || has_too_few_samples(evidence)) return findings;
  const TensorRecord* worst = *std::ranges::max_element(kernels, {}, zero_fraction);
  Finding finding =
      finding_about(*worst, Severity::kWarning, zero_fraction(worst), limit, Verdict::kDead);
  finding.text = fmt::format("{} of {} {} of {} are exactly zero: their units get no gradient{}.",
                             worst->units->zero_count, worst->units->count, slice_word(*worst),
                             worst->name, others_with_zero_units(kernels, worst));
  finding.advice = {"Look for dead relu units: leaky_relu or gelu cannot die",
                    "Lower the learning rate: large steps push biases far below zero",
                    "Check for a mask or a routing that leaves these units out"};
  findings.insert(findings.begin(), std::move(finding));
  return findings;
}

std::vector<Finding> check_twin_units(const Evidence& evidence) {
  const TensorRecord* worst = nullptr;
  const auto share = [](const TensorRecord* kernel) {
    return fraction(kernel->units->twin_count, kernel->units->count);
  };
  for (const TensorRecord* kernel : hidden_kernels(evidence.metrics)) {
    if (kernel->units->twin_count < 2 || has_underflowed(*kernel)) continue;
    if (worst == nullptr || share(kernel) > share(worst)) worst = kernel;
  }
  if (worst == nullptr) return {};
  const double limit = evidence.thresholds.twin_fraction;
  const Severity severity = share(worst) > limit ? Severity::kCritical : Severity::kWarning;
  Finding finding = finding_about(*worst, severity, share(worst), limit, Verdict::kSymmetric);
  const std::string_view word = slice_word(*worst);
  finding.text = fmt::format(
      "{} of {} {} of {} equal another one, element by element ({} and {}): such units learn the "
      "same for ever.",
      worst->units->twin_count, worst->units->count, word, worst->name, worst->units->first_twin,
      worst->units->second_twin);
  finding.advice = {"Initialise with random weights: equal ones never part",
                    "Look for units that were copied, or for a constant initialiser"};
  return {finding};
}

}  // namespace gradvitals
