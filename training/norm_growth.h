// NormGrowth: which tensors grew over the last steps of a training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/stats/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// The norm (L2) of a gradient or weight, from its smallest to its last: of steps in which all of
/// it was finite.
struct NormGrowth {
  std::string tensor;
  Role role = Role::kGradient;
  std::int64_t first_step = 0;  ///< Of its smallest norm that is not 0.
  double first_norm = 0.0;
  std::int64_t last_step = 0;
  double last_norm = 0.0;

  double factor() const { return last_norm / first_norm; }
};

/// The `most` that grew by the largest factors, largest first; those that did not grow are left
/// out. `steps` are consecutive.
std::vector<NormGrowth> fastest_growth(const std::vector<const HealthMetrics*>& steps,
                                       std::size_t most);

}  // namespace gradvitals
