// HealthMetrics: everything the rules judge, as numbers. The notebook's keys first, then what each
// tensor and each layer showed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/stats/name.h"
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/view.h"
#include "monitor/metrics/slice_summary.h"

namespace gradvitals {

/// One watched tensor: what it is, and its statistics.
struct TensorRecord {
  Name name;
  Role role = Role::kGradient;
  int layer = -1;
  int network = 0;  ///< Its place in HealthMetrics::networks, where that is not empty.
  DType dtype = DType::kFloat32;
  Activation activation = Activation::kNone;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t channels = 0;  ///< As in TensorView.
  int rank = 2;               ///< Dimensions of the tensor itself: 1 for a bias.
  UnitAxis unit_axis = UnitAxis::kUnknown;
  bool exists = true;  ///< false: a parameter the loss does not depend on; `stats` is then empty.
  TensorStats stats;
  /// Of a kernel or its gradient, where inspect() has counted units (slice_summary.h): its slices
  /// along unit_axis, and along the other dimension.
  std::optional<SliceSummary> units;
  std::optional<SliceSummary> inputs;

  std::int64_t unit_count() const;   ///< Of a kernel, along its unit_axis.
  std::int64_t input_count() const;  ///< Of a kernel, elements that each of its units has.
};

/// The units of one layer, over one batch.
struct LayerUnits {
  Name name;  ///< of the layer: "dense_1"
  int layer = -1;
  int network = 0;  ///< As in TensorRecord.
  Activation activation = Activation::kNone;
  bool is_head = false;  ///< A last layer: saturation is read from its output, not from z.
  std::int64_t unit_count = 0;
  std::int64_t batch = 0;  ///< Rows of its (B,O) tensors: samples, or samples times positions.
  std::int64_t dead_unit_count = 0;  ///< Units whose output is 0 in every row.
  std::int64_t saturated_count = 0;  ///< Elements, of unit_count * batch.

  double dead_unit_fraction() const;   ///< 0 without units
  double saturation_fraction() const;  ///< 0 without elements
};

/// A copy copies numbers; names are shared (name.h).
struct HealthMetrics {
  // What the notebook's monitor_gradient_health() returns, as it computes it: over gradients that
  // exist, population standard deviation, `weak` including `vanished`, NaN wherever NumPy would
  // give NaN.
  double min_gradient = 0.0;
  double max_gradient = 0.0;
  double mean_gradient = 0.0;
  double std_gradient = 0.0;
  std::int64_t vanished_layers = 0;  ///< norms < 1e-6
  std::int64_t weak_layers = 0;      ///< norms < 1e-4
  std::int64_t total_layers = 0;
  std::vector<double> gradient_norms;  ///< L2, in the order of the gradients.
  /// Names of gradient_norms where those came without tensors; empty if they had none.
  std::vector<Name> gradient_names;

  /// Training step, where it is known.
  std::optional<std::int64_t> step;
  /// Loss scale of mixed-precision training; norms are already divided by it.
  double loss_scale = 1.0;
  std::optional<double> loss;
  std::vector<TensorRecord>
      tensors;  ///< Every view examined, in its order; empty for metrics from a file.
  /// Layers whose units can die (relu) or saturate (sigmoid, tanh) and whose (B,O) tensors were
  /// examined, network by network and input side first.
  std::vector<LayerUnits> units;
  /// Names of the networks that were examined together; empty where there is one.
  std::vector<Name> networks;
};

/// part / whole; 0 where there is no whole.
double fraction(std::int64_t part, std::int64_t whole);

/// The notebook's keys from gradient norms; everything else is left empty. No norms: NaN and zero
/// counts.
HealthMetrics metrics_from_norms(std::vector<double> gradient_norms);

/// Whether the tensor is a gradient that gradient_norms counts: one without elements stands for one
/// that is not there.
bool has_norm(const TensorRecord& tensor);

/// L2 norm of all gradients together: NaN with any NaN, infinity with any infinity; 0 where there
/// is none.
double global_norm(const HealthMetrics& metrics);

/// Whether there is evidence for a verdict: a gradient or delta with an element, a
/// parameter without gradient, a gradient norm, or a value that is not finite. False means that
/// "healthy" would be a guess.
bool can_be_judged(const HealthMetrics& metrics);

}  // namespace gradvitals
