#include "kernels/device.h"

#include <array>
#include <utility>

#include "kernels/backend.h"

namespace gradvitals {
namespace {

constexpr std::array<std::pair<DeviceType, std::string_view>, 3> kNames = {{
    {DeviceType::kCpu, "cpu"},
    {DeviceType::kCuda, "cuda"},
    {DeviceType::kSim, "sim"},
}};

constexpr char kNoKernels[] = "built without the CUDA kernels (GRADVITALS_GPU_KERNELS=OFF)";

}  // namespace

std::string_view name(DeviceType device) {
  for (const auto& [type, text] : kNames) {
    if (type == device) return text;
  }
  return "unknown";
}

std::optional<DeviceType> parse_device(std::string_view text) {
  for (const auto& [type, type_name] : kNames) {
    if (type_name == text) return type;
  }
  return std::nullopt;
}

bool is_available(DeviceType device) {
  return unavailable_reason(device).empty();
}

std::string unavailable_reason(DeviceType device) {
  switch (device) {
    case DeviceType::kCpu:
      return "";
    case DeviceType::kCuda: {
      const std::string reason = probe_cuda().reason;
      return reason.empty() && !has_gpu_kernels() ? kNoKernels : reason;
    }
    case DeviceType::kSim:
      return has_gpu_kernels() ? "" : kNoKernels;
  }
  return "no such device";
}

}  // namespace gradvitals
