// From tensors to views for the monitor. Private to framework/.
#pragma once

#include <string_view>

#include "framework/tensor.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// `name` must outlive the view.
TensorView view_of(std::string_view name, Role role, const Tensor& tensor, int layer,
                   Activation activation);

}  // namespace gradvitals
