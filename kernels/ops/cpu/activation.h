// Activations on plain spans, for the ops of this folder that apply one to a tile still in cache.
#pragma once

#include <cstdint>

#include "kernels/ops/activation.h"

namespace gradvitals::cpu {

/// y = activation(z) for `count` elements on the calling thread. y may be z, but the two may not
/// overlap otherwise. An element's value does not depend on where in the span it stands, so a range
/// may be cut anywhere. `activation` is not kNone. T is float or double.
template <class T>
void activate(Activation activation, const T* z, T* y, std::int64_t count);

/// dz = dy * activation'(z), as activate(). dz may be dy, z or y. z may be
/// null unless derivative_needs_pre_activation().
template <class T>
void activation_gradient(Activation activation, const T* z, const T* y, const T* dy, T* dz,
                         std::int64_t count);

}  // namespace gradvitals::cpu
