#include <cblas.h>

#include "benchmarks/norm_peers.h"

namespace gradvitals {
namespace {

double openblas_snrm2(const float* values, std::int64_t count) {
  return static_cast<double>(cblas_snrm2(static_cast<blasint>(count), values, 1));
}

}  // namespace

std::span<const NormPeer> openblas_norm_peers() {
  openblas_set_num_threads(1);  // Its pool would compete with whatever else runs.
  static constexpr NormPeer kPeers[] = {{"openblas_snrm2", openblas_snrm2, kFloat32Result}};
  return kPeers;
}

}  // namespace gradvitals
