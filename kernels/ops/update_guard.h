// What optimizers on the host and on a GPU compute before an update, with the same bits: operations
// that IEEE 754 defines, and no library function.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/ops/optimizer.h"
#include "kernels/runtime/host_device.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals {

/// Whether the update is skipped.
GRADVITALS_HOST_DEVICE bool is_skipped(const UpdateGuard& guard) {
  return guard.gradients != nullptr && guard.skips_nonfinite &&
         guard.gradients->nan_count + guard.gradients->inf_count > 0;
}

/// The factor of all gradients.
GRADVITALS_HOST_DEVICE double gradient_scale(const UpdateGuard& guard) {
  if (guard.gradients == nullptr) return 1.0;
  const double norm =
      std::ldexp(std::sqrt(guard.gradients->sum_squares), guard.gradients->scale_exponent);
  return norm > guard.max_norm ? guard.max_norm / norm : 1.0;
}

/// Adam's 1 - beta^step, by squaring. The power is off by 2 log2(step) roundings at the most,
/// 4e-15, which is 4e-12 of 1 - beta^step for a beta of 0.999.
GRADVITALS_HOST_DEVICE double bias_correction(double beta, std::int64_t step) {
  double power = 1.0;
  for (double base = beta; step > 0; step /= 2) {
    if (step % 2 != 0) power *= base;
    base *= base;
  }
  return 1.0 - power;
}

}  // namespace gradvitals
