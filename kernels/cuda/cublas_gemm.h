// cuBLAS in the place of the hand-written products.
#pragma once

#include <memory>

#include "kernels/cuda/gemm.h"
#include "kernels/cuda/gpu.h"

namespace gradvitals::cuda {

/// Throws DeviceError where cuBLAS cannot be used.
std::unique_ptr<GemmLibrary> make_cublas_gemm(gpu::Queue queue);

}  // namespace gradvitals::cuda
