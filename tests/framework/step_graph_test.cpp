// Contract: framework/step_graph.h, with everything that a training step is made of. Oracle: the
// same steps issued one by one, bit for bit.
#include "framework/step_graph.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "framework/losses.h"
#include "framework/networks.h"
#include "framework/optimizers.h"
#include "framework/tape.h"
#include "kernels/runtime/error.h"
#include "monitor/gradient_monitor.h"
#include "tests/support/devices.h"

namespace gradvitals {
namespace {

/// A watched, guarded training of the notebook's relu network.
class Training {
 public:
  Training(Stream& stream, std::unique_ptr<Optimizer> optimizer)
      : stream_(stream),
        data_(make_sample_data(stream, 42, 16)),
        model_(relu_network(stream, {.seed = 42})),
        parameters_(model_.trainable_variables()),
        tape_(stream),
        monitor_(stream),
        optimizer_(std::move(optimizer)) {}

  void step() {
    tape_.reset();
    const Tensor loss = mse(tape_, model_.forward(tape_, data_.x), data_.y);
    const Gradients gradients = tape_.gradient(loss, parameters_);
    monitor_.observe(tape_.views());
    UpdateGuard guard{.gradients = monitor_.global_stats(), .max_norm = max_norm_};
    if (control_.bytes() > 0) guard.control = static_cast<const UpdateControl*>(control_.data());
    optimizer_->apply(stream_, gradients, guard);
  }

  /// Of the steps from here on; the first call must come before all of them.
  void set_control(const UpdateControl& control) {
    if (control_.bytes() == 0) control_ = Buffer(stream_, sizeof(control));
    copy_to_device(stream_, &control, sizeof(control), control_.data());
  }

  /// The same by the host, which a captured step does not take.
  void set_on_host(const UpdateControl& control) {
    optimizer_->set_learning_rate(control.learning_rate);
    max_norm_ = control.max_norm;
  }

  /// What a checkpoint holds, and what going back to it does.
  struct Saved {
    std::vector<std::vector<float>> weights;
    std::vector<OptimizerTensor> state;
  };
  Saved save() { return {weights(), optimizer_->state(stream_, parameters_)}; }
  void go_back_to(const Saved& saved) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      parameters_[i]->value.copy_from_host<float>(stream_, saved.weights[i]);
    }
    optimizer_->load_state(stream_, parameters_, saved.state);
  }

  /// The batch of another seed, in the same memory.
  void change_data(std::uint64_t seed) {
    const SampleData other = make_sample_data(stream_, seed, 16);
    data_.x.copy_from_host<float>(stream_, other.x.to_host<float>());
    data_.y.copy_from_host<float>(stream_, other.y.to_host<float>());
  }

  /// One NaN among the inputs.
  void spoil_data() {
    std::vector<float> x = data_.x.to_host<float>();
    x[7] = std::numeric_limits<float>::quiet_NaN();
    data_.x.copy_from_host<float>(stream_, x);
  }

  std::vector<std::vector<float>> weights() {
    std::vector<std::vector<float>> values;
    for (const Parameter* parameter : parameters_) {
      values.push_back(parameter->value.to_host<float>());
    }
    return values;
  }

  GradientMonitor& monitor() { return monitor_; }

 private:
  Stream stream_;
  SampleData data_;
  Sequential model_;
  std::vector<Parameter*> parameters_;
  Tape tape_;
  GradientMonitor monitor_;
  std::unique_ptr<Optimizer> optimizer_;
  Buffer control_;
  double max_norm_ = 0.01;
};

void expect_same_metrics(const HealthMetrics& got, const HealthMetrics& expected) {
  EXPECT_EQ(got.loss, expected.loss);
  EXPECT_EQ(got.gradient_norms, expected.gradient_norms);
  ASSERT_EQ(got.tensors.size(), expected.tensors.size());
  for (std::size_t i = 0; i < got.tensors.size(); ++i) {
    EXPECT_EQ(got.tensors[i].name, expected.tensors[i].name);
    EXPECT_EQ(got.tensors[i].stats, expected.tensors[i].stats) << got.tensors[i].name;
  }
}

class StepGraphTest : public test::DeviceTest {
 protected:
  std::unique_ptr<Optimizer> make_optimizer(int kind) {
    if (kind == 0) return std::make_unique<Sgd>(Sgd::Options{.learning_rate = 0.1});
    if (kind == 1) return std::make_unique<Momentum>(Momentum::Options{.learning_rate = 0.1});
    return std::make_unique<Adam>(Adam::Options{.learning_rate = 0.01});
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, StepGraphTest, test::all_devices(), test::device_name);

TEST_P(StepGraphTest, TrainsAsStepsIssuedOneByOne) {
  for (const int optimizer : {0, 1, 2}) {
    SCOPED_TRACE(optimizer);
    Training plain(stream(), make_optimizer(optimizer));
    Training graphed(stream(), make_optimizer(optimizer));
    StepGraph graph(stream(), [&] { graphed.step(); });
    for (std::uint64_t i = 0; i < 6; ++i) {
      plain.change_data(i);
      graphed.change_data(i);
      plain.step();
      graph.run();
    }
    EXPECT_EQ(graph.is_captured(), Graph::is_supported(stream()));
    EXPECT_EQ(graphed.weights(), plain.weights());
  }
}

TEST_P(StepGraphTest, IsWatchedAtEveryStep) {
  Training plain(stream(), make_optimizer(2));
  Training graphed(stream(), make_optimizer(2));
  StepGraph graph(stream(), [&] { graphed.step(); });
  for (int i = 0; i < 6; ++i) {
    graph.run();
    graphed.monitor().submit(i);
    plain.step();
    plain.monitor().submit(i);
  }
  for (int i = 0; i < 6; ++i) {
    SCOPED_TRACE(i);
    const std::optional<HealthMetrics> expected = plain.monitor().flush();
    const std::optional<HealthMetrics> got = graphed.monitor().flush();
    ASSERT_TRUE(expected.has_value());
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->step, i);
    expect_same_metrics(*got, *expected);
  }
  EXPECT_FALSE(graphed.monitor().flush().has_value());
}

TEST_P(StepGraphTest, TakesAnotherLearningRateAndOtherLimitsInEveryStep) {
  for (const int kind : {0, 1, 2}) {
    SCOPED_TRACE(kind);
    Training plain(stream(), make_optimizer(kind));
    Training graphed(stream(), make_optimizer(kind));
    StepGraph graph(stream(), [&] { graphed.step(); });
    for (int i = 0; i < 8; ++i) {
      const UpdateControl control{.learning_rate = 0.1 / (1 + i), .max_norm = 0.01 + 0.001 * i};
      plain.set_on_host(control);
      graphed.set_control(control);
      plain.step();
      graph.run();
      EXPECT_EQ(graphed.weights(), plain.weights()) << i;
    }
    const auto before = graphed.weights();
    graphed.set_control({.learning_rate = 0.1, .skip_above_norm = 1e-9});
    graph.run();
    EXPECT_EQ(graphed.weights(), before) << "a step beyond its limit moved the weights";
  }
}

TEST_P(StepGraphTest, GoesOnFromAStateThatIsLoaded) {
  for (const int kind : {0, 1, 2}) {
    SCOPED_TRACE(kind);
    Training training(stream(), make_optimizer(kind));
    StepGraph graph(stream(), [&] { training.step(); });
    for (int i = 0; i < 4; ++i) graph.run();
    const Training::Saved saved = training.save();
    for (int i = 0; i < 3; ++i) graph.run();
    const auto weights = training.weights();
    training.go_back_to(saved);
    EXPECT_NE(training.weights(), weights);
    for (int i = 0; i < 3; ++i) graph.run();
    EXPECT_EQ(training.weights(), weights);
  }
}

TEST_P(StepGraphTest, SkipsAStepThatIsNotFiniteAndGoesOn) {
  Training training(stream(), make_optimizer(2));
  StepGraph graph(stream(), [&] { training.step(); });
  for (int i = 0; i < 4; ++i) graph.run();
  const auto before = training.weights();
  Training sick(stream(), make_optimizer(2));
  StepGraph sick_graph(stream(), [&] { sick.step(); });
  for (int i = 0; i < 4; ++i) sick_graph.run();
  sick.spoil_data();
  sick_graph.run();
  EXPECT_EQ(sick.weights(), before) << "a step with NaN gradients moved the weights";
  sick.change_data(42);
  sick_graph.run();
  graph.run();
  EXPECT_EQ(sick.weights(), training.weights()) << "the skipped step left a trace";
}

class CapturedStepTest : public StepGraphTest {};
INSTANTIATE_TEST_SUITE_P(Devices, CapturedStepTest, test::gpu_devices(), test::device_name);

TEST_P(CapturedStepTest, EveryStepAfterTheSecondCanBeCaptured) {
  // Capture refuses whatever waits for the stream or takes device memory: a step does neither.
  for (const int optimizer : {0, 1, 2}) {
    Training training(stream(), make_optimizer(optimizer));
    training.step();
    training.step();
    for (int i = 0; i < 8; ++i) Graph(stream(), [&] { training.step(); }).launch();
  }
}

TEST_P(CapturedStepTest, AStepWhoseGradientsAreHeldCannotBeCaptured) {
  const SampleData data = make_sample_data(stream(), 42, 16);
  const Sequential model = relu_network(stream(), {.seed = 42});
  const std::vector<Parameter*> parameters = model.trainable_variables();
  Tape tape(stream());
  GradientMonitor monitor(stream());
  Gradients held;
  StepGraph graph(stream(), [&] {
    tape.reset();
    held = tape.gradient(mse(tape, model.forward(tape, data.x), data.y), parameters);
    monitor.observe(tape.views());
  });
  graph.run();
  graph.run();
  EXPECT_THROW(graph.run(), CudaError) << "what moved went to the device unseen";
}

TEST_P(CapturedStepTest, SubmittingInAStepIsRefused) {
  Training training(stream(), make_optimizer(0));
  training.step();
  training.step();
  EXPECT_THROW(Graph(stream(),
                     [&] {
                       training.step();
                       training.monitor().submit(0);
                     }),
               CudaError);
}

TEST_P(CapturedStepTest, AStepThatWaitsSaysSo) {
  StepGraph graph(stream(), [&] { stream().synchronize(); });
  graph.run();
  graph.run();
  EXPECT_THROW(graph.run(), CudaError);
}

}  // namespace
}  // namespace gradvitals
