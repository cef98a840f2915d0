#include "kernels/runtime/error.h"

#include <fmt/format.h>

namespace gradvitals {
namespace {

/// "999 bytes", "1.2 MB", "80.0 GB".
std::string readable(std::int64_t bytes) {
  struct Unit {
    std::int64_t bytes;
    const char* name;
  };
  for (const Unit& unit : {Unit{1'000'000'000, "GB"}, Unit{1'000'000, "MB"}, Unit{1000, "kB"}}) {
    if (bytes < unit.bytes) continue;
    return fmt::format("{:.1f} {}", static_cast<double>(bytes) / static_cast<double>(unit.bytes),
                       unit.name);
  }
  return fmt::format("{} bytes", bytes);
}

}  // namespace

OutOfMemoryError::OutOfMemoryError(const Shortage& shortage, std::source_location site)
    : CudaError(fmt::format("cudaMalloc: cudaErrorMemoryAllocation (2), out of memory: {} "
                            "requested, {} of {} free, at {}:{}",
                            readable(shortage.requested_bytes), readable(shortage.free_bytes),
                            readable(shortage.total_bytes), site.file_name(), site.line())) {}

}  // namespace gradvitals
