// Contract: what was made on a stream works on, whatever becomes of the handle that it was made
// with. Oracle: the same on a handle that stays.
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "framework/sequential.h"
#include "framework/step_graph.h"
#include "framework/tape.h"
#include "kernels/runtime/event.h"
#include "kernels/runtime/graph.h"
#include "monitor/gradient_monitor.h"
#include "tests/support/devices.h"

namespace gradvitals {
namespace {

class StreamHandleTest : public test::DeviceTest {
 protected:
  Tensor inputs() { return Tensor::from_host<float>(stream(), {2, 1}, std::vector{1.0F, -2.0F}); }
  Tensor targets() { return Tensor::zeros(stream(), {2, 1}); }
};
INSTANTIATE_TEST_SUITE_P(Devices, StreamHandleTest, test::all_devices(), test::device_name);

TEST_P(StreamHandleTest, ATapeAModelAndAMonitorWorkOnWhenTheStreamTheyWereMadeWithIsGone) {
  auto handle = std::make_unique<Stream>(stream());
  Sequential model(*handle, {.name = "Mlp", .input_shape = {1}, .seed = 1},
                   Dense(3, Activation::kTanh));
  Tape tape(*handle);
  GradientMonitor monitor(*handle);
  handle.reset();

  model.add(Dense(1, Activation::kLinear));
  const Tensor loss = mse(tape, model.forward(tape, inputs()), targets());
  tape.gradient(loss, model.trainable_variables());
  const HealthMetrics metrics = monitor.inspect(tape.views());
  EXPECT_EQ(metrics.loss, loss.item());
  EXPECT_EQ(metrics.total_layers, 4);
}

TEST_P(StreamHandleTest, AStreamThatWasMovedFromIsStillAStream) {
  Stream first = stream();
  Tape tape(first);
  const Stream second = std::move(first);
  EXPECT_EQ(first, second);  // NOLINT(bugprone-use-after-move): what the test is about.
  EXPECT_EQ(first.device(), Device(GetParam()));
  const Tensor loss = mse(tape, inputs(), targets());
  EXPECT_EQ(loss.item(), 2.5);
}

TEST_P(StreamHandleTest, TapesAndMonitorsCanBeMadeFromATemporary) {
  const auto temporary = [&] { return Stream(stream()); };
  Tape tape(temporary());
  GradientMonitor monitor(temporary());
  const Tensor loss = mse(tape, inputs(), targets());
  EXPECT_EQ(loss.item(), 2.5);
  EXPECT_EQ(monitor.inspect(tape.views()).total_layers, 0);
}

TEST_P(StreamHandleTest, AStepGraphRunsOnWhenItsStreamIsGone) {
  auto handle = std::make_unique<Stream>(stream());
  const Tensor x = inputs();
  Tape tape(*handle);
  StepGraph step(*handle, [&] {
    tape.reset();
    mse(tape, x, x);
  });
  handle.reset();
  for (int run = 0; run < 4; ++run) step.run();
  EXPECT_EQ(step.is_captured(), Graph::is_supported(stream()));
}

TEST_P(StreamHandleTest, EventsAndTensorsOutliveEveryHandle) {
  auto handle = std::make_unique<Stream>(Stream::Options{.device = GetParam()});
  const Tensor tensor = Tensor::zeros(*handle, {2});
  Event event(*handle);
  handle.reset();
  event.record();
  event.wait();
  EXPECT_TRUE(event.has_passed());
}

}  // namespace
}  // namespace gradvitals
