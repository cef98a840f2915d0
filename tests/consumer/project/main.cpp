// Judges a sick and a healthy network with the installed libraries alone.
#include <iostream>
#include <utility>

#include "framework/losses.h"
#include "framework/networks.h"
#include "framework/tape.h"
#include "kernels/runtime/stream.h"
#include "monitor/gradient_monitor.h"
#include "monitor/rules/diagnosis.h"

namespace gv = gradvitals;

namespace {

gv::Verdict judge(gv::Stream& stream, gv::Sequential model) {
  const gv::SampleData data = gv::make_sample_data(stream, 42);
  gv::Tape tape(stream);
  const gv::Tensor loss = gv::mse(tape, model.forward(tape, data.x), data.y);
  tape.gradient(loss, model.trainable_variables());
  gv::GradientMonitor monitor(stream);
  return gv::diagnose(monitor.inspect(tape.views())).verdict;
}

bool expect(const char* network, gv::Verdict got, gv::Verdict wanted) {
  std::cout << network << ": " << gv::name(got) << "\n";
  return got == wanted;
}

}  // namespace

int main() {
  gv::Stream stream;
  const bool sigmoid =
      expect("sigmoid", judge(stream, gv::sigmoid_network(stream)), gv::Verdict::kVanishing);
  const bool relu = expect("relu", judge(stream, gv::relu_network(stream)), gv::Verdict::kHealthy);
  return sigmoid && relu ? 0 : 1;
}
