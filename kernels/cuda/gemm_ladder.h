// GemmLadder: the five algorithms behind gemm on a GPU, one by one, for tests and benchmarks. The
// product's own choice is gemm (kernels/gemm.h). Free of CUDA headers.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/gemm.h"

namespace gradvitals {

/// Slowest first; each adds one idea to the one before.
enum class GemmAlgorithm : std::uint8_t {
  kNaive,          ///< a thread per element
  kCoalesced,      ///< neighbouring threads, neighbouring memory
  kSharedTiled,    ///< a value read once serves a row of threads
  kRegisterTiled,  ///< 4 x 4 elements per thread
  kWarpTiled,      ///< 8 x 8, 16-byte loads, the next tile on its way
};

/// What the backends of `cuda` and `sim` are besides Backend:
///   dynamic_cast<GemmLadder*>(stream.backend().get())
class GemmLadder {
 public:
  /// gemm by one algorithm. Arguments are those that gemm() accepts.
  virtual void gemm_by(GemmAlgorithm algorithm, const Gemm<float>& op) = 0;

 protected:
  ~GemmLadder() = default;
};

}  // namespace gradvitals
