// activation_stats: dead and saturated units of a layer's activations, column by column.
#pragma once

#include <cstdint>

#include "kernels/runtime/matrix_view.h"
#include "kernels/stats/view.h"

namespace gradvitals {

class Stream;

/// |z| from which on a unit counts as saturated: sigmoid'(5) is 2.6 % of its peak, tanh'(5) less.
inline constexpr double kSaturationThreshold = 5.0;

/// Counts over the B rows of a (B,O) view, per unit (column):
/// zero_count       elements equal to 0;
/// saturated_count  of the pre_activation of what can_saturate(): |z| >= kSaturationThreshold;
///                  of its output: exactly one of the limits (sigmoid: 0 or 1, tanh: -1 or 1);
///                  0 for every other activation and role.
/// NaN counts as neither.
struct ActivationStats {
  TensorView view;                           ///< (B,O), float32 or float64
  VectorView<std::int64_t> zero_count;       ///< (O)
  VectorView<std::int64_t> saturated_count;  ///< (O)
};

/// Throws std::invalid_argument naming the view, its shape and what does not fit.
void activation_stats(Stream& stream, const ActivationStats& op);

}  // namespace gradvitals
