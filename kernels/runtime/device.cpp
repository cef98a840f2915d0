#include "kernels/runtime/device.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "kernels/runtime/backend.h"

namespace gradvitals {
namespace {

constexpr std::array<std::pair<DeviceType, std::string_view>, kDeviceTypes> kNames = {{
    {DeviceType::kCpu, "cpu"},
    {DeviceType::kCuda, "cuda"},
    {DeviceType::kSim, "sim"},
}};

std::optional<int> parse_index(std::string_view text) {
  int index = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc() || stop != end || index < 0) return std::nullopt;
  return index;
}

/// Empty where devices of the type can be used.
std::string unavailable_type(DeviceType type) {
  switch (type) {
    case DeviceType::kCpu:
      return "";
    case DeviceType::kSim:
      return SimDevice::factory() != nullptr ? "" : "linked without the simulator, gradvitals::sim";
    case DeviceType::kCuda:
      return probe_cuda().reason;
  }
  return "no such device";
}

int device_count(DeviceType type) {
  switch (type) {
    case DeviceType::kCpu:
      return 1;
    case DeviceType::kSim:
      return kSimDevices;
    case DeviceType::kCuda:
      return probe_cuda().device_count;
  }
  return 0;
}

}  // namespace

std::string_view name(DeviceType type) {
  for (const auto& [each, text] : kNames) {
    if (each == type) return text;
  }
  return "unknown";
}

std::string name(const Device& device) {
  const std::string_view type = name(device.type);
  return device.index == 0 ? std::string(type) : fmt::format("{}:{}", type, device.index);
}

std::optional<Device> parse_device(std::string_view text) {
  const std::size_t colon = text.find(':');
  for (const auto& [type, type_name] : kNames) {
    if (type_name != text.substr(0, colon)) continue;
    if (colon == std::string_view::npos) return type;
    if (const auto index = parse_index(text.substr(colon + 1))) return Device(type, *index);
  }
  return std::nullopt;
}

bool is_available(const Device& device) {
  return unavailable_reason(device).empty();
}

std::string unavailable_reason(const Device& device) {
  std::string reason = unavailable_type(device.type);
  const int count = reason.empty() ? device_count(device.type) : 0;
  if (reason.empty() && (device.index < 0 || device.index >= count)) {
    reason =
        count == 1 ? "there is one, of index 0" : fmt::format("there are {}, from index 0", count);
  }
  return reason;
}

}  // namespace gradvitals
