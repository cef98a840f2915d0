// Watches memory of its own with the monitor alone: no layer, no tape, no product.
#include <array>
#include <iostream>

#include "kernels/runtime/stream.h"
#include "kernels/stats/view.h"
#include "monitor/gradient_monitor.h"
#include "monitor/rules/diagnosis.h"

namespace gv = gradvitals;

int main() {
  const std::array<float, 4> healthy = {0.5f, -0.25f, 0.125f, 0.0f};
  const std::array<float, 4> vanished = {0.0f, 0.0f, 0.0f, 0.0f};
  const auto view = [](const char* name, const std::array<float, 4>& values) {
    return gv::TensorView{.name = name, .data = values.data(), .count = 4, .rows = 2, .cols = 2};
  };
  const std::array views = {view("0.weight", healthy), view("2.weight", vanished)};
  gv::Stream stream;
  gv::GradientMonitor monitor(stream);
  const gv::Diagnosis diagnosis = gv::diagnose(monitor.inspect(views));
  std::cout << "alone: " << gv::name(diagnosis.verdict) << "\n";
  return diagnosis.verdict == gv::Verdict::kVanishing ? 0 : 1;
}
