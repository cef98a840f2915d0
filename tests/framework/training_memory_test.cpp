// Contract: a training step allocates nothing after the first ones: forward, backward, update and
// monitor live on the blocks of the steps before. Oracle: MemoryUse, which must stand still.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "framework/losses.h"
#include "framework/networks.h"
#include "framework/optimizers.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"
#include "tests/support/devices.h"

namespace gradvitals::test {
namespace {

constexpr int kFirstQuietStep = 3;
constexpr int kSteps = 10;

struct NamedOptimizer {
  const char* name;
  std::function<std::unique_ptr<Optimizer>()> make;
};

const std::vector<NamedOptimizer>& optimizers() {
  static const std::vector<NamedOptimizer> all = {
      {"sgd", [] { return std::make_unique<Sgd>(); }},
      {"momentum", [] { return std::make_unique<Momentum>(); }},
      {"adam", [] { return std::make_unique<Adam>(); }}};
  return all;
}

class TrainingMemoryTest : public DeviceTest {
 protected:
  /// Trains and watches the network, and returns what the allocator had taken after each step.
  static std::vector<MemoryUse> train(Stream& stream, const Sequential& model,
                                      Optimizer& optimizer) {
    const auto [x, y] = make_sample_data(stream, /*seed=*/1);
    Tape tape(stream);
    GradientMonitor monitor(stream);
    std::vector<MemoryUse> after_step;
    for (int step = 1; step <= kSteps; ++step) {
      tape.reset();
      const Tensor loss = mse(tape, model.forward(tape, x), y);
      const Gradients gradients = tape.gradient(loss, model.trainable_variables());
      // At a check-up, and as in a training loop.
      const HealthMetrics metrics = monitor.inspect(tape.views());
      EXPECT_TRUE(std::isfinite(metrics.max_gradient)) << "step " << step;
      monitor.observe(tape.views());
      const Updates updates = optimizer.apply(
          stream, gradients, {.gradients = monitor.global_stats(), .max_norm = 1.0});
      monitor.submit(step);
      monitor.poll();
      after_step.push_back(stream.memory());
    }
    return after_step;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, TrainingMemoryTest, all_devices(), device_name);

TEST_P(TrainingMemoryTest, AStepTakesNoBlockAfterTheFirstOnes) {
  using MakeNetwork = Sequential (*)(Stream&, const NetworkOptions&);
  for (const MakeNetwork make_network : {sigmoid_network, relu_network, exploding_network}) {
    for (const NamedOptimizer& optimizer : optimizers()) {
      // A stream of its own, without the blocks of the training before.
      Stream stream({.device = GetParam(), .threads = 2});
      const Sequential model = make_network(stream, {});
      SCOPED_TRACE(testing::Message() << model.name() << ", " << optimizer.name);
      const std::vector<MemoryUse> after = train(stream, model, *optimizer.make());
      EXPECT_GT(after.front().taken_count, 0);
      for (int step = kFirstQuietStep; step <= kSteps; ++step) {
        const auto at = static_cast<std::size_t>(step - 1);
        EXPECT_EQ(after[at].taken_count, after[at - 1].taken_count) << "step " << step;
        EXPECT_EQ(after[at].taken_bytes, after[at - 1].taken_bytes) << "step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace gradvitals::test
