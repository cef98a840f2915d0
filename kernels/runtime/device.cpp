#include "kernels/runtime/device.h"

#include <array>
#include <utility>

#include "kernels/runtime/backend.h"

namespace gradvitals {
namespace {

constexpr std::array<std::pair<DeviceType, std::string_view>, 3> kNames = {{
    {DeviceType::kCpu, "cpu"},
    {DeviceType::kCuda, "cuda"},
    {DeviceType::kSim, "sim"},
}};

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
    case DeviceType::kSim:
      return SimDevice::factory() != nullptr ? "" : "linked without the simulator, gradvitals::sim";
    case DeviceType::kCuda:
      return probe_cuda().reason;
  }
  return "no such device";
}

}  // namespace gradvitals
