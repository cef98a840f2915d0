// Nothing of the standard library is used in here that a linker could take for other files: this
// one is compiled for one CPU alone.
#include "benchmarks/norm_peers.h"

#include <cmath>

namespace gradvitals {
namespace {

/// As many sums as fill the registers of a CPU, or each addition would wait for the one before.
template <class Sum>
double loop(const float* values, std::int64_t count) {
  constexpr std::int64_t kSums = 32;
  Sum sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (std::int64_t k = 0; k < kSums; ++k) {
      const Sum value = values[i + k];
      sums[k] += value * value;
    }
  }
  for (std::int64_t k = 0; i < count; ++i, ++k) sums[k] += Sum{values[i]} * Sum{values[i]};
  for (std::int64_t width = kSums / 2; width > 0; width /= 2) {
    for (std::int64_t k = 0; k < width; ++k) sums[k] += sums[k + width];
  }
  return static_cast<double>(std::sqrt(sums[0]));
}

}  // namespace

std::span<const NormPeer> norm_peers() {
  static constexpr NormPeer kPeers[] = {{"loop_f32", loop<float>, kFloat32Sums},
                                        {"loop_f64", loop<double>, kFloat64}};
  return kPeers;
}

}  // namespace gradvitals
