// R1: NaN or Inf, traced to where it first appeared.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>
#include <tuple>

#include "monitor/metrics/blocks.h"
#include "monitor/metrics/phrases.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

/// The part of a step in which a value comes to be, in this order.
enum class Phase { kWeights, kForward, kLoss, kBackward };

/// Something that is not finite. Ordered by when it came to be: forward from the input side, the
/// loss, backward from the output side; a weight counts as read when its layer is.
struct Symptom {
  Phase phase;
  std::tuple<int, int, int> moment;
  std::string tensor;
  int layer;
  std::int64_t count;     ///< values that are not finite
  std::string text;       ///< without its full stop
  bool is_total = false;  ///< The norm of all gradients together, which is of no layer.
};

std::tuple<int, int, int> moment_of(Role role, int layer) {
  switch (role) {
    case Role::kWeight:
      return {0, layer, 0};
    case Role::kPreActivation:
      return {0, layer, 1};
    case Role::kOutput:
      return {0, layer, 2};
    case Role::kDelta:
      return {2, -layer, 0};
    case Role::kGradient:
      return {2, -layer, 1};
    case Role::kUpdate:
    case Role::kUpdateSquares:
      return {3, layer, 0};
    case Role::kLoss:
      break;  // A number of the metrics, not one of their tensors.
  }
  return {2, -layer, 2};
}

Phase phase_of(Role role) {
  if (role == Role::kWeight) return Phase::kWeights;
  const bool is_forward = role == Role::kPreActivation || role == Role::kOutput;
  return is_forward ? Phase::kForward : Phase::kBackward;
}

std::string_view name_nonfinite(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "Inf" : "-Inf";
}

Symptom symptom_of(const TensorRecord& tensor) {
  const TensorStats& stats = tensor.stats;
  return {phase_of(tensor.role),
          moment_of(tensor.role, tensor.layer),
          tensor.name.text(),
          tensor.layer,
          stats.nonfinite_count(),
          fmt::format("{} ({}) holds {} NaN and {} Inf among {} values, the first at index {}",
                      tensor.name, name(tensor.role), stats.nan_count, stats.inf_count, stats.count,
                      stats.first_nonfinite_index)};
}

Symptom symptom_of_number(Phase phase, std::string tensor, std::string_view what, double value) {
  const int order = phase == Phase::kLoss ? 1 : 2;
  return {phase,
          {order, 0, 0},
          std::move(tensor),
          -1,
          1,
          fmt::format("{} is {}", what, name_nonfinite(value))};
}

/// Where no tensor is known, norms and the numbers made from them tell.
void append_from_norms(const HealthMetrics& metrics, std::vector<Symptom>& symptoms) {
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    const double norm = metrics.gradient_norms[i];
    if (std::isfinite(norm)) continue;
    const std::string tensor = norm_name(metrics, i);
    const bool is_total = is_total_norm(metrics, i);
    const std::string what =
        is_total ? "The " + total_norm_phrase(tensor) : "The norm of " + tensor;
    symptoms.push_back(symptom_of_number(Phase::kBackward, tensor, what, norm));
    symptoms.back().is_total = is_total;
  }
  if (!symptoms.empty() || metrics.gradient_norms.empty()) return;
  const std::pair<std::string_view, double> summaries[] = {{"min_gradient", metrics.min_gradient},
                                                           {"max_gradient", metrics.max_gradient},
                                                           {"mean_gradient", metrics.mean_gradient},
                                                           {"std_gradient", metrics.std_gradient}};
  for (const auto& [key, value] : summaries) {
    if (std::isfinite(value)) continue;
    symptoms.push_back(symptom_of_number(Phase::kBackward, std::string(key), key, value));
  }
}

std::vector<Symptom> find_symptoms(const HealthMetrics& metrics) {
  std::vector<Symptom> symptoms;
  if (metrics.tensors.empty()) append_from_norms(metrics, symptoms);
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.stats.nonfinite_count() > 0) symptoms.push_back(symptom_of(tensor));
  }
  if (metrics.loss && !std::isfinite(*metrics.loss)) {
    symptoms.push_back(symptom_of_number(Phase::kLoss, "loss", "The loss", *metrics.loss));
  }
  return symptoms;
}

/// Where gradients stop being finite on their way to the input.
struct Border {
  std::string text;            ///< "between blocks.6 and blocks.7"
  const TensorRecord* tensor;  ///< The first one listed that is not finite of the block at fault.
};

/// Empty where names show no such border.
std::optional<Border> border_of(const HealthMetrics& metrics) {
  std::vector<const TensorRecord*> gradients;
  std::vector<std::string_view> names;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || !tensor.exists) continue;
    gradients.push_back(&tensor);
    names.push_back(tensor.name);
  }
  for (const BlockFamily& family : block_families(names)) {
    const auto is_bad = [&](const BlockFamily::Member& member) {
      return gradients[member.index]->stats.nonfinite_count() > 0;
    };
    const auto is_finite = [&](const auto& block) {
      return std::ranges::none_of(block.second, is_bad);
    };
    const auto border = [&](auto input_side, auto output_side, auto at_fault) {
      return Border{fmt::format("between {} and {}", family.name_of(input_side->first),
                                family.name_of(output_side->first)),
                    gradients[std::ranges::find_if(at_fault->second, is_bad)->index]};
    };
    // The gradient comes from the last block: the last one at fault is where it was first wrong.
    const auto last_bad = std::find_if_not(family.blocks.rbegin(), family.blocks.rend(), is_finite);
    if (last_bad == family.blocks.rend()) continue;
    if (last_bad != family.blocks.rbegin()) {
      return border(last_bad, std::prev(last_bad), last_bad);
    }
    const auto last_good = std::find_if(family.blocks.rbegin(), family.blocks.rend(), is_finite);
    if (last_good == family.blocks.rend()) continue;
    return border(last_good, std::prev(last_good), std::prev(last_good));
  }
  return std::nullopt;
}

/// "; gradients are finite in a, b and c alone": where no numbers order the names.
std::string finite_ones(const HealthMetrics& metrics) {
  std::vector<std::string> finite;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || !tensor.exists || tensor.stats.count == 0) continue;
    if (tensor.stats.nonfinite_count() == 0) finite.emplace_back(tensor.name);
  }
  if (finite.empty()) return "; no gradient is finite";
  return fmt::format("; finite {} {}", plural(std::ssize(finite), "is", "are"), list_names(finite));
}

bool holds_only_infinities(const HealthMetrics& metrics) {
  return std::ranges::all_of(
      metrics.tensors, [](const TensorRecord& tensor) { return tensor.stats.nan_count == 0; });
}

/// Whether nothing shares the symptom's phase with an unknown layer: what a file lists first need
/// not have come to be first.
bool is_surely_earliest(const Symptom& symptom, const std::vector<Symptom>& symptoms) {
  return std::ranges::none_of(symptoms, [&symptom](const Symptom& other) {
    return &other != &symptom && other.phase == symptom.phase &&
           (other.layer < 0 || symptom.layer < 0);
  });
}

std::vector<std::string> advice_for(Phase phase) {
  switch (phase) {
    case Phase::kWeights:
      return {"Go back to the last weights that were finite",
              "Lower the learning rate or clip gradients: a step too large wrote these weights"};
    case Phase::kForward:
      return {"Check what enters this layer for NaN and for values near the end of the range",
              "Normalise the inputs, or initialise with smaller weights"};
    case Phase::kLoss:
      return {"Check the targets for NaN and for values out of range",
              "Compute cross entropies from logits, and keep logarithms and divisions away from 0"};
    case Phase::kBackward:
      return {"Skip this update while the weights are still finite",
              "Look for a square root, a logarithm or a division at 0 in this layer",
              "In half precision, lower the loss scale"};
  }
  return {};
}

/// Where the norm of all gradients together is all that is known.
std::vector<std::string> advice_for_total() {
  return {"Skip this update while the weights are still finite",
          "Look for a square root, a logarithm or a division at 0 anywhere in the network: this "
          "norm does not say in which layer; a dump of the step's gradients, or a norm for each "
          "tensor, does",
          "In half precision, lower the loss scale"};
}

std::vector<std::string> advice_for_scaled_infinities() {
  return {
      "With a loss scaler this step is skipped and the scale halved: harmless at the start of a "
      "run, and now and then",
      "Else skip this update while the weights are still finite",
      "In half precision, lower the loss scale"};
}

}  // namespace

std::vector<Finding> check_non_finite(const Evidence& evidence) {
  const std::vector<Symptom> symptoms = find_symptoms(evidence.metrics);
  if (symptoms.empty()) return {};
  // The first of equals, so that tensors without a layer keep the order they came in.
  const Symptom* at_fault = &*std::ranges::min_element(symptoms, {}, &Symptom::moment);
  // A dump's tensors have no layers, but their names may count.
  const bool is_dump = at_fault->phase == Phase::kBackward && at_fault->layer < 0;
  const bool has_names = is_dump && !evidence.metrics.tensors.empty();
  const std::optional<Border> border = has_names ? border_of(evidence.metrics) : std::nullopt;
  if (border) at_fault = &*std::ranges::find(symptoms, border->tensor->name, &Symptom::tensor);
  const Symptom& earliest = *at_fault;
  std::string text = earliest.text;
  if (symptoms.size() > 1) {
    text += fmt::format("; it is {} of {} that are not finite",
                        border                                   ? "at the border"
                        : is_surely_earliest(earliest, symptoms) ? "the earliest"
                                                                 : "listed first",
                        symptoms.size());
  }
  if (has_names) {
    text += border ? fmt::format("; it enters {} on the way back", border->text)
                   : finite_ones(evidence.metrics);
  }
  Finding finding;
  finding.severity = Severity::kCritical;
  finding.tensor = earliest.tensor;
  finding.layer = earliest.layer;
  finding.value = static_cast<double>(earliest.count);
  finding.threshold = 0.0;
  finding.text = text + ".";
  const bool may_be_scaled = has_names && holds_only_infinities(evidence.metrics);
  finding.advice = earliest.is_total ? advice_for_total()
                   : may_be_scaled   ? advice_for_scaled_infinities()
                                     : advice_for(earliest.phase);
  finding.verdict = Verdict::kNonFinite;
  return {finding};
}

}  // namespace gradvitals
