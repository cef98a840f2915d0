#include "app/info.h"

#include <fmt/format.h>

#include <iterator>

#include "app/version.h"
#include "kernels/device.h"

namespace gradvitals::app {
namespace {

void add_row(std::string& text, std::string_view title, std::string_view value) {
  fmt::format_to(std::back_inserter(text), "  {:<10}{}\n", title, value);
}

std::string device_state(DeviceType device, const std::string& detail) {
  return is_available(device) ? fmt::format("ready: {}", detail)
                              : fmt::format("not usable: {}", unavailable_reason(device));
}

}  // namespace

std::string info_text() {
  const CpuProbe cpu = probe_cpu();
  const CudaProbe cuda = probe_cuda();
  std::string text = fmt::format("gradvitals {}\n", kVersion);
  text += "\nDevices\n";
  add_row(text, "cpu", fmt::format("ready: {} threads, {}", cpu.cores, cpu.simd));
  add_row(text, "cuda", device_state(DeviceType::kCuda, cuda.device_name));
  add_row(text, "sim", device_state(DeviceType::kSim, "the CUDA kernels on the CPU"));
  text += "\nBuild\n";
  add_row(text, "compiler", fmt::format("{}, {}", kCompiler, kBuildType));
  add_row(text, "CUDA", cuda.built ? cuda.toolkit_version : "not built in");
  add_row(text, "BLAS", cpu.blas);
  text += "\nTools\n";
  return text;
}

}  // namespace gradvitals::app
