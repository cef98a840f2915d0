// The check of a contract function that computes an activation. Private to kernels/ops.
#pragma once

#include <string_view>

#include "kernels/runtime/validate.h"
#include "kernels/stats/activation_type.h"

namespace gradvitals::validate {

/// Throws for kNone, which stands for "not known" in views and cannot be computed.
inline void known(std::string_view op, Activation activation) {
  if (activation == Activation::kNone) fail(op, "activation none cannot be computed");
}

}  // namespace gradvitals::validate
