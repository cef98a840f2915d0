#include <Eigen/Core>

#include "benchmarks/norm_peers.h"

namespace gradvitals {
namespace {

using Vector = Eigen::Map<const Eigen::VectorXf>;

double norm(const float* values, std::int64_t count) {
  return static_cast<double>(Vector(values, count).norm());
}

double stable_norm(const float* values, std::int64_t count) {
  return static_cast<double>(Vector(values, count).stableNorm());
}

}  // namespace

std::span<const NormPeer> eigen_norm_peers() {
  static constexpr NormPeer kPeers[] = {{"eigen_norm", norm, kFloat32Sums},
                                        {"eigen_stable_norm", stable_norm, kFloat32Sums}};
  return kPeers;
}

}  // namespace gradvitals
