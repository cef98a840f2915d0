// Element-wise activations and their derivatives.
#pragma once

#include "kernels/runtime/matrix_view.h"
#include "kernels/stats/activation_type.h"

namespace gradvitals {

class Stream;

/// Slope of leaky_relu below zero (PyTorch's default).
inline constexpr double kLeakyReluSlope = 0.01;

/// Whether the derivative needs z: it cannot be computed from the output alone.
bool derivative_needs_pre_activation(Activation activation);

/// y = activation(z), element by element. NaN stays NaN. gelu is the exact one, z * Phi(z), and has
/// its limit 0 at -infinity. sigmoid keeps its relative accuracy in the lower tail: below -87.3 its
/// float32 values are subnormal, below -103.97 they are 0; it is exactly 1 from 17.4 on.
/// In place (y == z) is allowed.
template <class T>
struct ActivationForward {
  Activation activation = Activation::kLinear;
  VectorView<const T> z;  ///< (N)
  VectorView<T> y;        ///< (N)
};

/// dz = dy * activation'(z). z may be null where derivative_needs_pre_activation() is false; y is
/// the forward's output. In place (dz == dy) is allowed. The derivative at relu's kink is 0, at
/// leaky_relu's it is the slope. A product in IEEE arithmetic: a NaN of y or z gives NaN, and so
/// does an infinite dy where the derivative is 0.
template <class T>
struct ActivationBackward {
  Activation activation = Activation::kLinear;
  VectorView<const T> z;   ///< (N) or null
  VectorView<const T> y;   ///< (N)
  VectorView<const T> dy;  ///< (N)
  VectorView<T> dz;        ///< (N)
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the shapes.
template <class T>
void activation_forward(Stream& stream, const ActivationForward<T>& op);
template <class T>
void activation_backward(Stream& stream, const ActivationBackward<T>& op);

}  // namespace gradvitals
