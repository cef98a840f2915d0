// HealthMetrics made by hand, so that rules are tested without kernels or networks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::test {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();

inline constexpr Thresholds kLimits;
inline constexpr auto kOk = Severity::kOk;
inline constexpr auto kInfo = Severity::kInfo;
inline constexpr auto kWarning = Severity::kWarning;
inline constexpr auto kCritical = Severity::kCritical;

/// Statistics by their definition, element by element.
inline TensorStats stats_of(const std::vector<double>& values) {
  TensorStats stats;
  stats.count = std::ssize(values);
  for (std::int64_t i = 0; i < stats.count; ++i) {
    const double value = values[static_cast<std::size_t>(i)];
    if (!std::isfinite(value)) {
      ++(std::isnan(value) ? stats.nan_count : stats.inf_count);
      if (stats.first_nonfinite_index < 0) stats.first_nonfinite_index = i;
      continue;
    }
    stats.sum_squares += value * value;
    stats.sum += value;
    stats.max_abs = std::max(stats.max_abs, std::fabs(value));
    if (value == 0.0) {
      ++stats.zero_count;
    } else {
      stats.min_abs_nonzero = std::min(stats.min_abs_nonzero, std::fabs(value));
    }
  }
  return stats;
}

inline TensorRecord tensor(std::string name, Role role, int layer, std::vector<double> values) {
  TensorRecord record;
  record.name = std::move(name);
  record.role = role;
  record.layer = layer;
  record.rows = 1;
  record.cols = std::ssize(values);
  record.rank = 1;
  record.stats = stats_of(values);
  return record;
}

inline TensorRecord gradient(std::string name, std::vector<double> values, int layer = -1) {
  return tensor(std::move(name), Role::kGradient, layer, std::move(values));
}

inline TensorRecord kernel(std::string name, std::vector<double> values) {
  TensorRecord record = gradient(std::move(name), std::move(values));
  record.rank = 2;
  return record;
}

using Shape = std::vector<std::int64_t>;

/// The gradient of a weight as PyTorch has it, units first, with its units counted.
inline TensorRecord weight(std::string name, const Shape& shape) {
  TensorRecord record = gradient(std::move(name), {0.1});
  record.rank = static_cast<int>(std::ssize(shape));
  record.rows = shape.front();
  record.cols = std::accumulate(shape.begin() + 1, shape.end(), std::int64_t{1}, std::multiplies{});
  record.unit_axis = UnitAxis::kRows;
  record.channels = shape[1];
  record.units = SliceSummary{.count = shape.front()};
  return record;
}

inline TensorRecord missing_gradient(std::string name, int layer = -1) {
  TensorRecord record = gradient(std::move(name), {}, layer);
  record.exists = false;
  return record;
}

/// With the notebook's keys from the gradients among the records.
inline HealthMetrics metrics_of(std::vector<TensorRecord> records) {
  std::vector<double> norms;
  for (const TensorRecord& record : records) {
    if (record.role == Role::kGradient && record.exists) norms.push_back(record.stats.ieee_norm());
  }
  HealthMetrics metrics = metrics_from_norms(norms);
  metrics.tensors = std::move(records);
  return metrics;
}

inline LayerUnits units(int layer, Activation activation, bool is_head, std::int64_t unit_count,
                        std::int64_t batch) {
  LayerUnits record;
  record.name = "dense_" + std::to_string(layer);
  record.layer = layer;
  record.activation = activation;
  record.is_head = is_head;
  record.unit_count = unit_count;
  record.batch = batch;
  return record;
}

/// A multilayer perceptron in numbers. Signals have one element per layer, so that a signal's rms
/// is that element.
struct Network {
  int hidden_layers = 4;
  Activation hidden = Activation::kRelu;
  Activation head = Activation::kSigmoid;
  double backward_gain = 0.7;
  double forward_gain = 0.7;
  double gradient = 0.02;      ///< every element of every gradient
  double dead_fraction = 0.0;  ///< of each hidden relu layer's 100 units
  double hidden_saturation = 0.0;
  double head_saturation = 0.0;
  std::int64_t batch = 100;
  double loss = 0.08;

  HealthMetrics metrics() const {
    std::vector<TensorRecord> records;
    for (int layer = 0; layer <= hidden_layers; ++layer) {
      const std::string scope = "dense_" + std::to_string(layer);
      records.push_back(test::gradient(scope + "/kernel", {gradient, -gradient}, layer));
      records.back().rank = 2;
      records.push_back(test::gradient(scope + "/bias", {gradient}, layer));
    }
    for (int layer = 0; layer <= hidden_layers; ++layer) {
      const std::string scope = "dense_" + std::to_string(layer);
      const double z = std::pow(forward_gain, layer);
      const double delta = 1e-3 * std::pow(backward_gain, hidden_layers - 1 - layer);
      records.push_back(tensor(scope + "/pre_activation", Role::kPreActivation, layer, {z}));
      records.push_back(tensor(scope + "/output", Role::kOutput, layer, {z}));
      records.push_back(tensor(scope + "/delta", Role::kDelta, layer, {delta}));
      for (std::size_t i = records.size() - 3; i < records.size(); ++i) {
        records[i].activation = layer == hidden_layers ? head : hidden;
      }
    }
    HealthMetrics metrics = metrics_of(std::move(records));
    metrics.loss = loss;
    for (int layer = 0; layer <= hidden_layers; ++layer) {
      const bool is_head = layer == hidden_layers;
      LayerUnits record = units(layer, is_head ? head : hidden, is_head, 100, batch);
      const double saturation = is_head ? head_saturation : hidden_saturation;
      record.saturated_count =
          std::llround(saturation * static_cast<double>(record.unit_count * batch));
      if (!is_head) record.dead_unit_count = std::llround(dead_fraction * 100);
      metrics.units.push_back(record);
    }
    return metrics;
  }
};

/// Every rule that has a number or a word, in the order of the enumerators.
inline std::vector<RuleId> all_rules() {
  std::vector<RuleId> rules;
  for (int value = 0; value <= 255; ++value) {
    const auto rule = static_cast<RuleId>(value);
    if (!rule_number(rule).empty() || !rule_word(rule).empty()) rules.push_back(rule);
  }
  return rules;
}

/// "R2 R4": the rules that fired, in the order of the findings.
inline std::string fired(const Diagnosis& diagnosis) {
  std::string rules;
  for (const Finding& finding : diagnosis.findings) {
    if (!rules.empty()) rules += ' ';
    rules += rule_number(finding.rule);
  }
  return rules;
}

/// The worst that a rule found; kOk where it is silent.
inline Severity severity_of(const Diagnosis& diagnosis, RuleId rule) {
  Severity worst = Severity::kOk;
  for (const Finding& finding : diagnosis.findings) {
    if (finding.rule == rule) worst = std::max(worst, finding.severity);
  }
  return worst;
}

/// The first finding of a rule; throws where the rule is silent.
inline const Finding& finding_of(const Diagnosis& diagnosis, RuleId rule) {
  const auto found = std::ranges::find(diagnosis.findings, rule, &Finding::rule);
  if (found == diagnosis.findings.end()) {
    throw std::logic_error(std::string(rule_word(rule)) + " did not fire");
  }
  return *found;
}

}  // namespace gradvitals::test
