#include "app/info.h"

#include <fmt/format.h>

#include <iterator>

#include "app/version.h"
#include "kernels/ops/gemm.h"
#include "kernels/runtime/device.h"
#include "monitor/report/figure/gnuplot.h"

namespace gradvitals::app {
namespace {

void add_row(std::string& text, std::string_view title, std::string_view value) {
  fmt::format_to(std::back_inserter(text), "  {:<10}{}\n", title, value);
}

std::string device_state(DeviceType device, const std::string& detail) {
  return is_available(device) ? fmt::format("ready: {}", detail)
                              : fmt::format("not usable: {}", unavailable_reason(device));
}

std::string gnuplot_state() {
  try {
    std::string version = run_gnuplot("set print '-'\nprint GPVAL_VERSION\n");
    version.erase(version.find_last_not_of('\n') + 1);
    return "ready: " + version;
  } catch (const GnuplotNotFound&) {
    return "not installed: --plot writes .gp alone (apt-get install gnuplot-nox)";
  } catch (const GnuplotError& error) {
    return fmt::format("not usable: {}", error.what());
  }
}

}  // namespace

std::string info_text() {
  const CpuProbe cpu = probe_cpu();
  const CudaProbe cuda = probe_cuda();
  std::string text = fmt::format("gradvitals {}\n", kVersion);
  text += "\nDevices\n";
  add_row(
      text, "cpu",
      fmt::format("ready: {} threads, {}; products by {}", cpu.cores, cpu.simd, cpu_gemm_name()));
  add_row(text, "cuda", device_state(DeviceType::kCuda, cuda.device_name));
  add_row(text, "sim", device_state(DeviceType::kSim, "the CUDA kernels on the CPU"));
  text += "\nBuild\n";
  add_row(text, "compiler", fmt::format("{}, {}", kCompiler, kBuildType));
  add_row(text, "CUDA", cuda.built ? cuda.toolkit_version : "not built in");

  text += "\nTools\n";
  add_row(text, "gnuplot", gnuplot_state());
  return text;
}

}  // namespace gradvitals::app
