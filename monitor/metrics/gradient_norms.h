// GradientNorm: the magnitude of one gradient for the rules, from its tensor or from its norm alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/thresholds.h"

namespace gradvitals {

struct GradientNorm {
  std::string name;  ///< "gradient 3", counted from 1, where only norms are known
  int layer = -1;
  double norm = 0.0;          ///< L2 of the finite part; never NaN
  std::optional<double> rms;  ///< of the finite part; empty where only norms are known
  /// rms(gradient) / rms(weight); empty for what is no kernel and where the weight is not known.
  std::optional<double> to_weight;
  bool is_kernel = false;  ///< Of two dimensions or more; by norms alone, named a kernel.
  /// Every element is finite. Where not, the norm is a lower bound: it may show that a gradient is
  /// large, never that it is small.
  bool is_whole = true;
  bool is_total = false;  ///< The norm of all gradients together, and all that is known of them.
  /// A bias without gradient, but for rounding, whose kernel has one: before a normalisation layer,
  /// which subtracts it again, or of attention keys, where the softmax cancels it.
  bool is_idle_bias = false;
};

/// Whether the gradient is known to be below the limits of R4. Exactly zero is below them, too.
bool has_vanished(const GradientNorm& gradient, const Thresholds& thresholds);

/// The gradients that have a finite magnitude to judge, in their order: from the tensors, or from
/// gradient_norms where no tensor is known. Left out are gradients that do not exist, have no
/// element or hold nothing finite; so is the norm of all gradients together beside norms of tensors.
std::vector<GradientNorm> gradient_norms_of(const HealthMetrics& metrics,
                                            const Thresholds& thresholds);

/// The name of gradient_norms[index]; "gradient 1" for index 0 if it has none.
std::string norm_name(const HealthMetrics& metrics, std::size_t index);

/// Whether gradient_norms[index] is, by its name, the norm of all gradients together and not of one
/// tensor: alone, as trainers log it, or beside norms of tensors.
bool is_total_norm(const HealthMetrics& metrics, std::size_t index);

/// "norm of all gradients together (grad_norm)"
std::string total_norm_phrase(std::string_view name);

/// Largest over smallest of the nonzero norms of whole gradients, idle biases apart, with the
/// gradients they belong to. The pointers point into `gradients`.
struct NormRange {
  const GradientNorm* smallest = nullptr;
  const GradientNorm* largest = nullptr;

  double ratio() const { return largest->norm / smallest->norm; }
};

/// Empty where every such gradient is exactly zero.
std::optional<NormRange> nonzero_norm_range(const std::vector<GradientNorm>& gradients);

}  // namespace gradvitals
