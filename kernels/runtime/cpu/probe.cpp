#include <hwy/detect_targets.h>
#include <hwy/targets.h>

#include <string>
#include <thread>

#include "kernels/runtime/device.h"

namespace gradvitals {
namespace {

/// The best of the targets that kernels are compiled for and this machine supports: the one Highway
/// dispatches to. Targets are single bits, better ones lower.
std::string best_simd_target() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);
}

}  // namespace

CpuProbe probe_cpu() {
  return {.cores = static_cast<int>(std::thread::hardware_concurrency()),
          .simd = best_simd_target()};
}

}  // namespace gradvitals
