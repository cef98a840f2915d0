#include "monitor/metrics/gradient_norms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "monitor/metrics/norm_names.h"
#include "monitor/metrics/parameter_name.h"
#include "monitor/metrics/signal_flow.h"

namespace gradvitals {
namespace {

/// Independent of size where that is known.
double magnitude(const GradientNorm& gradient) {
  return gradient.rms.value_or(gradient.norm);
}

/// Whether the bias has no gradient, but for rounding, while its kernel has one.
bool is_idle(const GradientNorm& bias, const GradientNorm& kernel, const Thresholds& thresholds) {
  if (!bias.is_whole || kernel.norm == 0.0) return false;
  return magnitude(bias) <= thresholds.idle_bias_ratio * magnitude(kernel) ||
         (has_vanished(bias, thresholds) && !has_vanished(kernel, thresholds));
}

void mark_idle_biases(std::vector<GradientNorm>& gradients, const Thresholds& thresholds) {
  std::map<LayerKey, const GradientNorm*> kernels;  // The largest of each layer.
  for (const GradientNorm& gradient : gradients) {
    if (!gradient.is_kernel) continue;
    const GradientNorm*& kernel = kernels[layer_key(gradient.name)];
    if (kernel == nullptr || magnitude(gradient) > magnitude(*kernel)) kernel = &gradient;
  }
  for (GradientNorm& gradient : gradients) {
    const auto kernel = kernels.find(layer_key(gradient.name));
    if (gradient.is_kernel || kernel == kernels.end()) continue;
    if (!gradient.rms && !says_bias(gradient.name)) continue;  // Of unknown shape.
    gradient.is_idle_bias = is_idle(gradient, *kernel->second, thresholds);
  }
}

std::vector<GradientNorm> norms_from_tensors(const HealthMetrics& metrics,
                                             const Thresholds& thresholds) {
  std::vector<GradientNorm> gradients;
  const std::vector<std::optional<double>> ratios = gradient_to_weight_ratios(metrics);
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const TensorRecord& tensor = metrics.tensors[i];
    if (tensor.role != Role::kGradient || tensor.stats.finite_count() == 0) continue;
    gradients.push_back({.name = tensor.name.text(),
                         .layer = tensor.layer,
                         .norm = tensor.stats.l2_norm(),
                         .rms = tensor.stats.rms(),
                         .to_weight = ratios[i],
                         .is_kernel = tensor.rank >= 2,
                         .is_whole = tensor.stats.nonfinite_count() == 0});
  }
  mark_idle_biases(gradients, thresholds);
  return gradients;
}

std::vector<GradientNorm> norms_from_norms(const HealthMetrics& metrics,
                                           const Thresholds& thresholds) {
  std::vector<GradientNorm> gradients;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    const double norm = metrics.gradient_norms[i];
    // An infinite norm may come from an infinite element: R1 reports it, it has no magnitude.
    if (!std::isfinite(norm)) continue;
    const bool is_total = is_total_norm(metrics, i);
    if (is_total && metrics.gradient_norms.size() > 1) continue;
    GradientNorm& gradient = gradients.emplace_back();
    gradient.name = norm_name(metrics, i);
    gradient.norm = norm;
    gradient.is_kernel = says_kernel(gradient.name);
    gradient.is_total = is_total;
  }
  mark_idle_biases(gradients, thresholds);
  return gradients;
}

}  // namespace

bool has_vanished(const GradientNorm& gradient, const Thresholds& thresholds) {
  return gradient.is_whole && (gradient.norm < thresholds.vanished_norm ||
                               (gradient.rms && *gradient.rms < thresholds.vanished_rms));
}

std::vector<GradientNorm> gradient_norms_of(const HealthMetrics& metrics,
                                            const Thresholds& thresholds) {
  return metrics.tensors.empty() ? norms_from_norms(metrics, thresholds)
                                 : norms_from_tensors(metrics, thresholds);
}

std::string norm_name(const HealthMetrics& metrics, std::size_t index) {
  return index < metrics.gradient_names.size() ? metrics.gradient_names[index].text()
                                               : fmt::format("gradient {}", index + 1);
}

bool is_total_norm(const HealthMetrics& metrics, std::size_t index) {
  const std::vector<Name>& names = metrics.gradient_names;
  if (!metrics.tensors.empty() || index >= names.size()) return false;
  // If there are several, each is the norm of a part of the network.
  return is_total_norm_name(names[index]) && std::ranges::count_if(names, is_total_norm_name) == 1;
}

std::string total_norm_phrase(std::string_view name) {
  return fmt::format("norm of all gradients together ({})", name);
}

std::optional<NormRange> nonzero_norm_range(const std::vector<GradientNorm>& gradients) {
  NormRange range;
  for (const GradientNorm& gradient : gradients) {
    if (gradient.norm == 0.0 || !gradient.is_whole || gradient.is_idle_bias) continue;
    if (!range.smallest || gradient.norm < range.smallest->norm) range.smallest = &gradient;
    if (!range.largest || gradient.norm > range.largest->norm) range.largest = &gradient;
  }
  if (!range.smallest) return std::nullopt;
  return range;
}

}  // namespace gradvitals
