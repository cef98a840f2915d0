// TensorHistogram: how the elements of one watched tensor are spread over powers of two.
#pragma once

#include "kernels/stats/exponent_histogram.h"
#include "kernels/stats/name.h"
#include "kernels/stats/view.h"

namespace gradvitals {

struct TensorHistogram {
  Name name;
  Role role = Role::kGradient;
  ExponentHistogram histogram;
};

}  // namespace gradvitals
