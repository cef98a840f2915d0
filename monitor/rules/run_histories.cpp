#include "monitor/rules/run_histories.h"

#include "kernels/stats/view.h"
#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/parameter_name.h"

namespace gradvitals {
namespace {

bool is_bias_of_moving_kernel(std::string_view name, const HealthMetrics& metrics) {
  const LayerKey layer = layer_key(name);
  bool is_vector = metrics.tensors.empty() && says_bias(name);
  bool kernel_moves = false;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || layer_key(tensor.name) != layer) continue;
    if (tensor.name == name) is_vector = tensor.rank < 2;
    if (tensor.rank >= 2) kernel_moves |= tensor.stats.zero_count < tensor.stats.finite_count();
  }
  if (!metrics.tensors.empty()) return is_vector && kernel_moves;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    const std::string other = norm_name(metrics, i);
    kernel_moves |=
        says_kernel(other) && layer_key(other) == layer && metrics.gradient_norms[i] > 0.0;
  }
  return is_vector && kernel_moves;
}

}  // namespace

Histories::Histories(const RunEvidence& run) {
  for (const std::size_t place : run.finite) add_step(*run.steps[place].metrics, place);
  mark_idle_experts();
}

void Histories::add_step(const HealthMetrics& metrics, std::size_t place) {
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient) continue;
    const bool is_missing = !tensor.exists || tensor.stats.count == 0;
    const bool is_zero = tensor.stats.zero_count == tensor.stats.count;
    add(tensor.name,
        is_missing ? Motion::kMissing
        : is_zero  ? Motion::kZero
                   : Motion::kMoves,
        place, metrics);
  }
  if (!metrics.tensors.empty()) return;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    add(norm_name(metrics, i), metrics.gradient_norms[i] == 0.0 ? Motion::kZero : Motion::kMoves,
        place, metrics);
  }
}

void Histories::add(std::string_view name, Motion motion, std::size_t place,
                    const HealthMetrics& metrics) {
  auto found = index_.find(name);
  if (found == index_.end()) {
    names_.emplace_back(name);
    TensorHistory& history = histories_.emplace_back();
    history.name = names_.back();
    found = index_.emplace(history.name, &history).first;
  }
  TensorHistory& history = *found->second;
  history.add(motion, place);
  if (motion == Motion::kZero && !history.is_idle_bias) {
    history.is_idle_bias = is_bias_of_moving_kernel(name, metrics);
  }
}

void Histories::mark_idle_experts() {
  std::set<std::string> moving;
  for (const TensorHistory& history : histories_) {
    if (history.moving > 0) moving.insert(expert_kind(history.name));
  }
  moving.erase("");
  for (TensorHistory& history : histories_) {
    history.is_idle_expert = history.moving == 0 && moving.contains(expert_kind(history.name));
  }
}

}  // namespace gradvitals
