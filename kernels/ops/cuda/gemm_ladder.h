// gemm_by: the five algorithms behind gemm on a GPU, one by one, for tests and benchmarks. The
// product's own choice is gemm (kernels/ops/gemm.h). Free of CUDA headers.
#pragma once

#include <cstdint>

#include "kernels/ops/gemm.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals {

/// Slowest first; each adds one idea to the one before.
enum class GemmAlgorithm : std::uint8_t {
  kNaive,          ///< a thread per element
  kCoalesced,      ///< neighbouring threads, neighbouring memory
  kSharedTiled,    ///< a value read once serves a row of threads
  kRegisterTiled,  ///< 4 x 4 elements per thread
  kWarpTiled,      ///< 8 x 8, 16-byte loads, the next tile on its way
};

/// gemm by one algorithm. Arguments are those that gemm() accepts.
struct GemmByAlgorithm {
  GemmAlgorithm algorithm = GemmAlgorithm::kNaive;
  Gemm<float> gemm;
};

/// On devices `cuda` and `sim`; the arguments are not checked.
inline void gemm_by(Stream& stream, GemmAlgorithm algorithm, const Gemm<float>& gemm) {
  run_kernel(stream, "gemm_by", GemmByAlgorithm{algorithm, gemm});
}

}  // namespace gradvitals
