#include <cblas.h>
#include <hwy/detect_targets.h>
#include <hwy/targets.h>

#include <string>
#include <thread>

#include "kernels/device.h"

namespace gradvitals {
namespace {

/// The best of the targets that kernels are compiled for and this machine supports: the one Highway
/// dispatches to. Targets are single bits, better ones lower.
std::string best_simd_target() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);
}

/// "OpenBLAS 0.3.21" of "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...".
std::string blas_name() {
  const std::string config = openblas_get_config();
  const std::size_t name_end = config.find(' ');
  const std::size_t version_end = config.find(' ', name_end + 1);
  return config.substr(0, version_end) + " (" + openblas_get_corename() + ")";
}

}  // namespace

CpuProbe probe_cpu() {
  return {.cores = static_cast<int>(std::thread::hardware_concurrency()),
          .simd = best_simd_target(),
          .blas = blas_name()};
}

}  // namespace gradvitals
