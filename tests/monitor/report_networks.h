// Judged networks for the tests of the writers: tensors with the given norms and gains, and the
// product's own diagnosis of them.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "monitor/report/network_report.h"

namespace gradvitals::test {

/// A tensor of 64 elements with the given L2 norm, NaN and infinity standing for one such element.
inline TensorRecord tensor_with_norm(std::string name, Role role, int layer, double norm) {
  TensorRecord tensor;
  tensor.name = std::move(name);
  tensor.role = role;
  tensor.layer = layer;
  tensor.rows = 8;
  tensor.cols = 8;
  tensor.stats.count = 64;
  if (std::isfinite(norm)) {
    tensor.stats.sum_squares = norm * norm;
    tensor.stats.max_abs = norm;
    if (norm > 0) tensor.stats.min_abs_nonzero = norm / 64;
    if (norm == 0) tensor.stats.zero_count = 64;
  } else {
    (std::isnan(norm) ? tensor.stats.nan_count : tensor.stats.inf_count) = 1;
    tensor.stats.first_nonfinite_index = 5;
  }
  return tensor;
}

/// kernels and biases as Keras names them, with these gradient norms, in order.
inline HealthMetrics named_metrics(const std::vector<double>& norms) {
  HealthMetrics metrics = metrics_from_norms(norms);
  for (std::size_t i = 0; i < norms.size(); ++i) {
    const int layer = static_cast<int>(i / 2);
    const std::string dense = layer == 0 ? "dense" : "dense_" + std::to_string(layer);
    metrics.tensors.push_back(tensor_with_norm(dense + (i % 2 == 0 ? "/kernel" : "/bias"),
                                               Role::kGradient, layer, norms[i]));
  }
  return metrics;
}

/// Adds deltas and pre-activations of four hidden layers and a head, so that both gains are these.
inline void add_gains(HealthMetrics& metrics, double backward_gain, double forward_gain) {
  for (int layer = 0; layer < 5; ++layer) {
    metrics.tensors.push_back(
        tensor_with_norm("delta", Role::kDelta, layer, 0.01 * std::pow(backward_gain, -layer)));
    metrics.tensors.push_back(
        tensor_with_norm("z", Role::kPreActivation, layer, std::pow(forward_gain, layer)));
  }
}

inline NetworkReport judged(std::string name, std::string short_name, HealthMetrics metrics) {
  Diagnosis diagnosis = diagnose(metrics);
  const NotebookScore notebook = notebook_score(metrics);
  return {std::move(name),    std::move(short_name), "cpu",
          std::move(metrics), std::move(diagnosis),  notebook};
}

// Norms of the three comparison networks, rounded from a run in float64.

inline NetworkReport sigmoid_network() {
  HealthMetrics metrics = named_metrics(
      {2.0e-4, 6.5e-6, 3.0e-4, 9.1e-6, 3.5e-4, 3.5e-5, 6.0e-4, 1.3e-4, 1.7e-3, 4.3e-4});
  add_gains(metrics, 0.24, 0.99);
  metrics.loss = 0.083;
  return judged("Sigmoid Network", "Sigmoid", std::move(metrics));
}

inline NetworkReport relu_network() {
  HealthMetrics metrics = named_metrics(
      {1.9e-2, 5.7e-3, 2.7e-2, 9.2e-3, 3.1e-2, 1.5e-2, 2.9e-2, 1.9e-2, 2.0e-2, 2.1e-2});
  add_gains(metrics, 0.75, 0.70);
  metrics.loss = 0.09;
  return judged("ReLU Network", "ReLU", std::move(metrics));
}

inline NetworkReport exploding_network() {
  HealthMetrics metrics = named_metrics({1.9e6, 2.0e5, 2.0e6, 1.2e4, 1.8e6, 7.1e2, 2.3e7, 5.2e2});
  add_gains(metrics, 16.5, 16.0);
  metrics.loss = 7.0e6;
  return judged("Exploding Network", "Exploding", std::move(metrics));
}

inline std::vector<NetworkReport> three_networks() {
  return {sigmoid_network(), relu_network(), exploding_network()};
}

/// A network of which only gradient norms are known.
inline NetworkReport network_with_norms(std::string name, const std::vector<double>& norms) {
  return judged(std::move(name), "", metrics_from_norms(norms));
}

}  // namespace gradvitals::test
