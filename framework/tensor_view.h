// From tensors to views for the monitor. Private to framework/.
#pragma once

#include "framework/tensor.h"
#include "kernels/stats/view.h"

namespace gradvitals {

TensorView view_of(Name name, Role role, const Tensor& tensor, int layer, Activation activation);

}  // namespace gradvitals
