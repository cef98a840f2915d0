// StepSignals: the few numbers of a step that rules over time compare from step to step. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// What one step says of one trainable parameter.
struct ParameterSignal {
  Name name;
  int layer = -1;
  int network = 0;
  bool is_kernel = false;  ///< Of rank 2 or more: biases start at zero, and move far beside that.
  bool has_gradient = false;   ///< It exists and has elements.
  double gradient_norm = 0.0;  ///< L2
  std::optional<double> weight_norm;
  /// What the update changed that led to these weights: that of the step before, where a Trainer
  /// watches.
  std::optional<double> update_norm;

  /// update_norm / weight_norm; empty where either is not known or the weight is zero.
  std::optional<double> update_to_weight_ratio() const;
};

struct StepSignals {
  std::int64_t step = 0;
  std::optional<double> loss;               ///< Finite.
  double global_norm = 0.0;                 ///< Of all gradients together.
  bool is_finite = true;                    ///< Loss, gradients, weights and updates.
  bool has_gradients = false;               ///< There is a gradient, or a norm of one.
  std::vector<ParameterSignal> parameters;  ///< In the order of the gradients.
};

/// Reads metrics into signals. Which tensors belong together is found once for each layout of the
/// metrics, and not in every step.
class SignalReader {
 public:
  /// Valid until the next call. `step` counts where the metrics do not say theirs.
  const StepSignals& read(const HealthMetrics& metrics, std::int64_t step);

 private:
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  struct Places {
    std::size_t gradient = kNowhere, weight = kNowhere, update = kNowhere;
  };
  /// Where the tensors of each parameter stand in metrics of this layout.
  struct Layout {
    std::vector<Name> names;
    std::vector<Role> roles;
    std::vector<Places> parameters;
  };

  const Layout& layout_of(const HealthMetrics& metrics);
  void read_tensors(const HealthMetrics& metrics);
  void read_norms(const HealthMetrics& metrics);

  std::vector<Layout> layouts_;  ///< The last used one first.
  StepSignals signals_;
};

}  // namespace gradvitals
