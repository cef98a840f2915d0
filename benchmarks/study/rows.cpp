#include "benchmarks/study/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace gradvitals::study {
namespace {

using nlohmann::json;

int layer_count(const HealthMetrics& metrics) {
  int count = 0;
  for (const TensorRecord& record : metrics.tensors) count = std::max(count, record.layer + 1);
  return count;
}

struct Chosen {
  Role role;
  int rank;  ///< 2 for kernels and (B,O) tensors, 1 for biases.
};

template <class Number>
json per_layer(const HealthMetrics& metrics, Chosen chosen, const Number& number) {
  json values(std::vector<json>(static_cast<std::size_t>(layer_count(metrics))));
  for (const TensorRecord& record : metrics.tensors) {
    if (record.role != chosen.role || record.rank != chosen.rank || record.layer < 0) continue;
    if (record.exists) values[static_cast<std::size_t>(record.layer)] = number(record.stats);
  }
  return values;
}

json units(const HealthMetrics& metrics, double (LayerUnits::*fraction)() const) {
  json values(std::vector<json>(static_cast<std::size_t>(layer_count(metrics))));
  for (const LayerUnits& record : metrics.units) {
    values[static_cast<std::size_t>(record.layer)] = (record.*fraction)();
  }
  return values;
}

}  // namespace

json statistics(const HealthMetrics& metrics) {
  json result;
  if (metrics.loss) result["loss"] = *metrics.loss;
  const struct {
    const char* name;
    Chosen chosen;
  } tensors[] = {{"delta", {Role::kDelta, 2}},
                 {"z", {Role::kPreActivation, 2}},
                 {"kernel_gradient", {Role::kGradient, 2}},
                 {"bias_gradient", {Role::kGradient, 1}},
                 {"kernel", {Role::kWeight, 2}},
                 {"bias", {Role::kWeight, 1}}};
  for (const auto& [name, chosen] : tensors) {
    const auto add = [&](const char* suffix, const auto& number) {
      result[fmt::format("{}_{}", name, suffix)] = per_layer(metrics, chosen, number);
    };
    add("norm", [](const TensorStats& stats) { return stats.l2_norm(); });
    add("rms", [](const TensorStats& stats) { return stats.rms(); });
    add("zero_fraction", [](const TensorStats& stats) {
      return static_cast<double>(stats.zero_count) /
             static_cast<double>(std::max<std::int64_t>(stats.count, 1));
    });
    add("max_abs", [](const TensorStats& stats) { return stats.max_abs; });
    add("nonfinite", [](const TensorStats& stats) { return stats.nonfinite_count(); });
  }
  result["dead_unit_fraction"] = units(metrics, &LayerUnits::dead_unit_fraction);
  result["saturation_fraction"] = units(metrics, &LayerUnits::saturation_fraction);
  return result;
}

json row(const Trial& trial, const Task& task, double best_score) {
  const NetworkSpec& spec = trial.spec;
  json scores;
  json steps;
  steps["start"] = statistics(trial.at_start);
  for (const Run& run : trial.runs) {
    scores[run.training.text()] = run.score;
    for (const Snapshot& snapshot : run.snapshots) {
      steps[fmt::format("{}, step {}", run.training.text(), snapshot.step)] =
          statistics(snapshot.metrics);
    }
  }
  return {{"network", spec.text()},
          {"task", task.name},
          {"task_seed", task.seed},
          {"seed", spec.seed},
          {"half", name(half_of(spec, task))},
          {"activation", gradvitals::name(spec.activation)},
          {"start", name(spec.start)},
          {"multiplier", spec.multiplier},
          {"outline", name(spec.outline)},
          {"hidden_widths", spec.hidden_widths()},
          {"depth", spec.depth},
          {"features", task.features},
          {"outputs", task.outputs},
          {"head", gradvitals::name(task.head)},
          {"loss", gradvitals::name(task.loss)},
          {"best_score", best_score},
          {"scores", scores},
          {"truth", name(truth_of(trial, best_score))},
          {"steps", steps}};
}

}  // namespace gradvitals::study
