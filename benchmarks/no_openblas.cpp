// The build found no OpenBLAS.
#include "benchmarks/gemm_peers.h"
#include "benchmarks/norm_peers.h"

namespace gradvitals {

const GemmPeer* openblas_gemm() {
  return nullptr;
}

std::span<const NormPeer> openblas_norm_peers() {
  return {};
}

}  // namespace gradvitals
