#include "kernels/sim/launch_limits.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "kernels/runtime/error.h"
#include "kernels/sim/fault_report.h"
#include "kernels/sim/ready_set.h"

namespace gradvitals::sim {
namespace {

constexpr unsigned kMaxGridX = std::numeric_limits<int>::max();
constexpr unsigned kMaxGridYZ = 65535;
constexpr unsigned kMaxBlockZ = 64;

std::uint64_t count(dim3 shape) {
  return std::uint64_t{shape.x} * shape.y * shape.z;
}

bool is_valid(const LaunchShape& shape) {
  const auto& [grid, block, shared_bytes, site] = shape;
  const bool is_grid = count(grid) > 0 && grid.x <= kMaxGridX && grid.y <= kMaxGridYZ &&
                       grid.z <= kMaxGridYZ &&
                       count(grid) <= std::numeric_limits<std::uint32_t>::max();
  const bool is_block = count(block) > 0 && block.x <= kMaxBlockThreads &&
                        block.y <= kMaxBlockThreads && block.z <= kMaxBlockZ &&
                        count(block) <= kMaxBlockThreads;
  return is_grid && is_block && shared_bytes <= kMaxSharedBytes;
}

}  // namespace

void check_launch(const LaunchShape& shape) {
  if (is_valid(shape)) return;
  throw CudaError(
      fmt::format("kernel launch: cudaErrorInvalidConfiguration (9), grid ({},{},{}), block "
                  "({},{},{}), {} bytes "
                  "of shared memory, at {}",
                  shape.grid.x, shape.grid.y, shape.grid.z, shape.block.x, shape.block.y,
                  shape.block.z, shape.shared_bytes, describe(shape.site)));
}

}  // namespace gradvitals::sim
