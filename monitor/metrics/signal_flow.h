// Signal flow: how gradients and activations grow or shrink on their way through the layers.
#pragma once

#include <optional>
#include <vector>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Empty where it cannot be computed. B, S and the ratio predict training; measured in
/// docs/verdicts.md.
struct SignalFlow {
  int hidden_layers = 0;  ///< H: from the first to the last hidden layer whose delta is known.
  /// B = norm(delta of the first hidden layer) / norm(delta of the last), H >= 2. Norms, not rms:
  /// the widths cancel.
  std::optional<double> backward_factor;
  /// B^(1/(H-1)): how much of the gradient's norm a layer hands on. H >= 2.
  std::optional<double> factor_per_layer;
  /// (rms(delta of the first hidden layer) / rms(delta of the last))^(1/(H-1)), H >= 3.
  std::optional<double> backward_gain;
  /// (rms(z of the last hidden layer) / rms(z of the first))^(1/(H-1)), H >= 3.
  std::optional<double> forward_gain;

  int blocks = 0;  ///< of the longest family of alike blocks (blocks.h), where no delta is known
  /// Norm of the gradient in its first block over that in its last, as a geometric mean over the
  /// kernels that are alike in all of them; from 4 blocks on. What stands in for B where layers are
  /// known from names alone.
  std::optional<double> block_factor;

  /// S = smallest rms(gradient) / rms(weight) of the hidden kernels over the largest; from two
  /// kernels on. Where layers are known from names alone: over the same kernel of every block.
  std::optional<double> relative_gradient_spread;
  /// The largest rms(gradient) / rms(weight) of a kernel: what an SGD step of 1 would change.
  std::optional<double> gradient_to_weight;
};

/// Of one network: see split_networks(). Where ways run side by side, the tensors of one layer
/// number count as one tensor.
SignalFlow signal_flow(const HealthMetrics& metrics);

/// rms(gradient) / rms(weight) for every tensor of the metrics that is the gradient of a kernel
/// whose weight is among them and not zero; parallel to metrics.tensors.
std::vector<std::optional<double>> gradient_to_weight_ratios(const HealthMetrics& metrics);

}  // namespace gradvitals
