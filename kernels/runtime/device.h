// Devices: where kernels run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gradvitals {

/// `cpu` native code; `cuda` the hand-written kernels on a GPU; `sim` the same kernels on the CPU.
enum class DeviceType : std::uint8_t { kCpu, kCuda, kSim };

inline constexpr std::size_t kDeviceTypes = 3;

/// "cpu", "cuda" or "sim".
std::string_view name(DeviceType type);

/// One device: the type, and which of several GPUs. The cpu is one.
struct Device {
  DeviceType type = DeviceType::kCpu;
  int index = 0;

  Device() = default;
  /// The first device of a type, so that a type stands for it.
  constexpr Device(DeviceType device_type,
                   int device_index = 0)  // NOLINT(google-explicit-constructor)
      : type(device_type), index(device_index) {}

  bool operator==(const Device&) const = default;
};
/// A type says nothing of the index: compare `device.type`, or two devices.
bool operator==(const Device&, DeviceType) = delete;

/// "cpu", "cuda", "sim"; "cuda:1" for another than the first.
std::string name(const Device& device);

/// The inverse of name(), which takes "cuda:0" as well; empty where the text names no device.
std::optional<Device> parse_device(std::string_view text);

/// Whether ops can run on the device in this build, on this machine.
bool is_available(const Device& device);

/// Why is_available() is false, as one line ("built without CUDA", "no CUDA driver", "the machine has 2
/// GPUs", ...); empty where the device is available.
std::string unavailable_reason(const Device& device);

/// What the cpu device runs on.
struct CpuProbe {
  int cores = 0;     ///< Hardware threads.
  std::string simd;  ///< The instruction set that kernels were dispatched to: "AVX3_ZEN4".
};

CpuProbe probe_cpu();

/// What the CUDA side of this build finds on this machine.
struct CudaProbe {
  bool built = false;           ///< Compiled with nvcc and linked with the CUDA runtime.
  std::string toolkit_version;  ///< "13.0"; empty where not built.
  int device_count = 0;         ///< GPUs found; any error while asking counts as none.
  std::string device_name;      ///< The first GPU's name; empty without one.
  std::string reason;           ///< Why no GPU can be used; empty where one can.
};

/// Asks the CUDA runtime. Defined in cuda/ where nvcc is present, else in no_cuda/.
CudaProbe probe_cuda();

}  // namespace gradvitals
