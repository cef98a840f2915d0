// The text of a KernelFault.
#pragma once

#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

#include "kernels/sim/sim_thread.h"

namespace gradvitals::sim {

/// What is wrong, in which launch and block, and where each group of threads stands:
///
///     kernel launched at reduce.cu:80, block (0,0,0): deadlock, no thread can go on
///       threads 0-39: wait in __syncthreads at reduce.cu:31
///       threads 40-63: exited
std::string describe_fault(std::string_view what, const std::source_location& launch, uint3 block,
                           std::span<const std::unique_ptr<SimThread>> threads);

/// "reduce.cu:80", with the path that the compiler was given.
std::string describe(const std::source_location& site);

}  // namespace gradvitals::sim
