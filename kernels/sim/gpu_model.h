// GpuModel: the properties of the simulated GPU that kernels and launchers can query.
#pragma once

#include <cstdint>
#include <string_view>

namespace gradvitals::sim {

struct GpuModel {
  /// Enough for several blocks in a persistent grid, few enough for fast tests.
  int multiprocessors = 4;
  /// An H100's.
  std::int64_t memory_bytes = 80'000'000'000;
};

/// The memory of a model from its text, a number of bytes above 0. Throws std::invalid_argument for
/// any other text.
std::int64_t parse_memory_bytes(std::string_view text);

/// The calling thread's model: the innermost GpuScope's, else the one above with the memory that
/// the environment variable GRADVITALS_SIM_MEMORY_BYTES gives it.
GpuModel current_gpu();

/// Sets the calling thread's model while it lives.
class GpuScope {
 public:
  explicit GpuScope(const GpuModel& model);
  ~GpuScope();
  GpuScope(const GpuScope&) = delete;
  GpuScope& operator=(const GpuScope&) = delete;

 private:
  GpuModel model_;
  const GpuModel* outer_;
};

}  // namespace gradvitals::sim
