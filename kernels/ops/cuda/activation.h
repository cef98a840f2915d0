// The derivative of an activation as dense_backward needs it. Private to kernels/ops/cuda.
#pragma once

#include "kernels/ops/activation.h"
#include "kernels/runtime/cuda/backend.h"

namespace gradvitals::GPU_NAMESPACE {

void activation_backward(GpuBackend& backend, const ActivationBackward<float>& op);

}  // namespace gradvitals::GPU_NAMESPACE
