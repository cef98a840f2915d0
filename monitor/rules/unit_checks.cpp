// R10 and R11: units that pass no gradient, because they are dead or saturated.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "monitor/metrics/layer_units.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

/// What a rule picks out of the layers: the worst, and how many are beyond the limit.
struct Selection {
  const LayerUnits* worst = nullptr;
  double fraction = 0.0;
  int count = 0;

  void add(const LayerUnits& layer, double layer_fraction) {
    if (!worst || layer_fraction > fraction) {
      worst = &layer;
      fraction = layer_fraction;
    }
    ++count;
  }
};

std::string others(int count, std::string_view what) {
  return count > 1 ? fmt::format(" ({} layers are {}, this one most)", count, what) : "";
}

/// What a (B,O) tensor of the layer has a row for: of a convolution, every position of every sample.
std::string counted_rows(const LayerUnits& layer, const HealthMetrics& metrics) {
  const bool is_convolution =
      std::ranges::any_of(metrics.tensors, [&layer](const TensorRecord& tensor) {
        const bool is_kernel = tensor.role == Role::kGradient || tensor.role == Role::kWeight;
        return is_kernel && tensor.rank > 2 && tensor.network == layer.network &&
               scope_of(tensor.name) == std::string_view(layer.name);
      });
  return is_convolution
             ? fmt::format("at each of the {} positions that all samples have together",
                           layer.batch)
             : fmt::format("for each of the {} samples (or positions of them)", layer.batch);
}

Finding saturated_head(const Selection& selection, double threshold) {
  Finding finding = finding_about(*selection.worst, Severity::kCritical, selection.fraction,
                                  threshold, Verdict::kSaturated);
  finding.at_head = true;
  const Saturation limits = properties(selection.worst->activation).saturation.value();
  finding.text = fmt::format(
      "{:.1f} % of the outputs of {} are exactly {:g} or {:g}: its derivative is 0 there and no "
      "gradient "
      "passes.",
      100.0 * selection.fraction, finding.tensor, limits.low, limits.high);
  finding.advice = {"Give the last layer smaller inputs: smaller initial weights, or normalisation",
                    "Use a linear head with a cross entropy from logits"};
  return finding;
}

Finding saturated_hidden(const Selection& selection, double threshold) {
  Finding finding = finding_about(*selection.worst, Severity::kWarning, selection.fraction,
                                  threshold, Verdict::kSaturated);
  finding.text = fmt::format(
      "{:.1f} % of the pre-activations of {} lie at |z| >= 5, where {} is "
      "flat{}.",
      100.0 * selection.fraction, finding.tensor, name(selection.worst->activation),
      others(selection.count, "saturated"));
  finding.advice = {"Normalise the inputs and initialise with smaller weights (Glorot or LeCun)",
                    "Replace the activation in the hidden layers by relu"};
  return finding;
}

}  // namespace

std::vector<Finding> check_saturation(const Evidence& evidence) {
  const double limit = evidence.thresholds.saturation_fraction;
  Selection heads;
  Selection hidden;
  for (const LayerUnits& layer : evidence.metrics.units) {
    const double fraction = layer.saturation_fraction();
    if (can_saturate(layer.activation) && fraction > limit)
      (layer.is_head ? heads : hidden).add(layer, fraction);
  }
  std::vector<Finding> findings;
  if (heads.worst) findings.push_back(saturated_head(heads, limit));
  if (hidden.worst) findings.push_back(saturated_hidden(hidden, limit));
  return findings;
}

std::vector<Finding> check_dead_units(const Evidence& evidence) {
  const Thresholds& thresholds = evidence.thresholds;
  Selection layers;
  for (const LayerUnits& layer : evidence.metrics.units) {
    // A healthy unit is silent for about half of the samples: few samples cannot tell it from a
    // dead one.
    const bool is_told = layer.batch >= thresholds.min_relu_batch;
    if (!can_die(layer.activation) || !is_told) continue;
    const double fraction = layer.dead_unit_fraction();
    if (fraction > thresholds.dead_unit_fraction.warning) layers.add(layer, fraction);
  }
  if (!layers.worst) return {};
  const Severity severity = severity_above(layers.fraction, thresholds.dead_unit_fraction);
  Finding finding =
      finding_about(*layers.worst, severity, layers.fraction,
                    limit_of(thresholds.dead_unit_fraction, severity), Verdict::kDead);
  finding.text =
      fmt::format("{} of {} units of {} output 0 {}{}.", layers.worst->dead_unit_count,
                  layers.worst->unit_count, finding.tensor,
                  counted_rows(*layers.worst, evidence.metrics), others(layers.count, "dying"));
  finding.advice = {"Use leaky_relu or gelu in this layer",
                    "Lower the learning rate: large steps push biases far below zero",
                    "Initialise with He's scheme and biases of 0"};
  return {finding};
}

}  // namespace gradvitals
