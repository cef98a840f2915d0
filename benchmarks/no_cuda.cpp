// The cuda cases of a program that was built without CUDA.
#include "benchmarks/cuda_cases.h"

namespace gradvitals {

void register_cuda_cases() {}

}  // namespace gradvitals
