#include "kernels/sim/gpu_model.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <stdexcept>

namespace gradvitals::sim {
namespace {

constexpr const char* kMemoryVariable = "GRADVITALS_SIM_MEMORY_BYTES";

thread_local const GpuModel* innermost = nullptr;

}  // namespace

std::int64_t parse_memory_bytes(std::string_view text) {
  std::int64_t bytes = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, bytes);
  if (error == std::errc() && stop == end && bytes > 0) return bytes;
  throw std::invalid_argument(
      fmt::format("{}: '{}' is not a number of bytes from 1 to 2^63 - 1", kMemoryVariable, text));
}

GpuModel current_gpu() {
  if (innermost != nullptr) return *innermost;
  GpuModel model;
  const char* text = std::getenv(kMemoryVariable);
  if (text != nullptr) model.memory_bytes = parse_memory_bytes(text);
  return model;
}

GpuScope::GpuScope(const GpuModel& model) : model_(model), outer_(innermost) {
  innermost = &model_;
}

GpuScope::~GpuScope() {
  innermost = outer_;
}

}  // namespace gradvitals::sim
