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
std::string_view name(DeviceType device);

/// The inverse of name(); empty where the text names no device.
std::optional<DeviceType> parse_device(std::string_view text);

/// Whether ops can run on the device in this build, on this machine.
bool is_available(DeviceType device);

/// Why is_available() is false, as one line ("built without CUDA", "no CUDA driver", ...); empty
/// where the device is available.
std::string unavailable_reason(DeviceType device);

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
