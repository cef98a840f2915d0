// R21 and R25: what half precision, its loss scale and clipping leave behind.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

/// Of the finite elements that are not zero.
double subnormal_fraction(const TensorRecord& tensor) {
  const std::int64_t nonzero = tensor.stats.finite_count() - tensor.stats.zero_count;
  return nonzero > 0
             ? static_cast<double>(tensor.stats.subnormal_count) / static_cast<double>(nonzero)
             : 0.0;
}

/// How near to a target a norm must be to have been made so: float16 rounds each element, and
/// clipping adds 1e-6 to what it divides by.
constexpr double kMadeSo = 1e-4;

bool is_made(double norm, double target) {
  return std::fabs(norm / target - 1.0) < kMadeSo;
}

/// The power of two that a norm of all gradients was divided by after it had been clipped to 1;
/// empty where there is none that a loss scaler would use.
std::optional<double> scale_after_clipping(double norm, double loss_scale) {
  constexpr int kSmallest = 7, kLargest = 24;
  if (loss_scale != 1.0 && is_made(norm * loss_scale, 1.0)) return loss_scale;
  for (int exponent = kSmallest; exponent <= kLargest; ++exponent) {
    const double scale = std::ldexp(1.0, exponent);
    if (is_made(norm * scale, 1.0)) return scale;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Finding> check_underflow(const Evidence& evidence) {
  const double limit = evidence.thresholds.subnormal_fraction;
  const TensorRecord* worst = nullptr;
  std::int64_t count = 0, gradients = 0;
  for (const TensorRecord& tensor : evidence.metrics.tensors) {
    // In float32 and float64 such values are R4's: nothing there is lost to the type.
    const bool is_half = size_in_bytes(tensor.dtype) == 2;
    const bool is_kernel = tensor.role == Role::kGradient && tensor.rank >= 2;
    if (!is_kernel || tensor.stats.count == 0 || !is_half) continue;
    ++gradients;
    if (!(subnormal_fraction(tensor) > limit)) continue;
    ++count;
    if (worst == nullptr || subnormal_fraction(tensor) > subnormal_fraction(*worst)) {
      worst = &tensor;
    }
  }
  if (worst == nullptr) return {};
  Finding finding = finding_about(*worst, Severity::kWarning, subnormal_fraction(*worst), limit,
                                  Verdict::kVanishing);
  finding.text = fmt::format(
      "In {} of {} kernels' gradients nearly all elements are subnormal in {}, the last bits "
      "before "
      "zero; most in {}: {:.1f} % of what is not zero.",
      count, gradients, name(worst->dtype), worst->name, 100.0 * subnormal_fraction(*worst));
  finding.advice = {
      "In half precision, raise the loss scale, and divide gradients by it in float32",
      "Use bfloat16, which has the range of float32"};
  return {finding};
}

std::vector<Finding> check_scaled_norm(const Evidence& evidence) {
  const HealthMetrics& metrics = evidence.metrics;
  const double norm = global_norm(metrics);
  // A single gradient has no total norm.
  if (!(norm > 0.0) || metrics.gradient_norms.size() < 2) return {};
  Finding finding;
  finding.value = norm;
  if (is_made(norm, 1.0)) {
    finding.severity = Severity::kInfo;
    finding.threshold = 1.0;
    finding.verdict = Verdict::kExploding;
    finding.text =
        "The norm of all gradients together is 1: they were dumped after clipping, and do "
        "not show how large they had been.";
    finding.advice = {"Dump gradients before they are clipped"};
    return {finding};
  }
  const std::optional<double> scale = scale_after_clipping(norm, metrics.loss_scale);
  if (!scale) return {};
  finding.severity = Severity::kWarning;
  finding.threshold = 1.0 / *scale;
  finding.verdict = Verdict::kVanishing;
  finding.text = fmt::format(
      "The norm of all gradients together is {:.4g}, which is 1/{:.0f}: they were clipped to 1 "
      "before they were divided by the loss scale.",
      norm, *scale);
  finding.advice = {"Unscale before clipping: scaler.unscale_(optimizer), then clip_grad_norm_"};
  return {finding};
}

}  // namespace gradvitals
