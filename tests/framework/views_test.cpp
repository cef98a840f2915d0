// Contract: what views() and gradient_views() of a tape and views() of a model hand to a monitor.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "framework/ops.h"
#include "framework/optimizers.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "kernels/ops/elementwise.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"

namespace gradvitals {
namespace {

class ViewsTest : public test::DeviceTest {
 protected:
  Sequential model() {
    return Sequential(stream(), {.name = "Mlp", .input_shape = {3}, .seed = 1},
                      Dense(4, Activation::kRelu), Dense(4, Activation::kLinear),
                      Dense(2, Activation::kSigmoid));
  }
  Tensor x() { return initialize(stream(), RandomNormal{.stddev = 1}, {5, 3}, {1, 1}); }
  Tensor target() { return Tensor::zeros(stream(), {5, 2}); }

  std::vector<float> values(const TensorView& view) {
    std::vector<float> host(static_cast<std::size_t>(view.count));
    copy_to_host(stream(), view.data, view.count * 4, host.data());
    return host;
  }
};

/// x * kernel, element by element: a layer that the tape has never heard of.
class ScaleOperation final : public Operation {
 public:
  ScaleOperation(const Tensor& x, const Tensor& kernel, const Tensor& y, const WatchNames* names)
      : Operation({x, kernel}, y), names_(names) {}

  void backward(BackwardStep& step) override {
    delta_ = step.grad_output();
    const Tensor gradient = step.empty_like(input(1));
    multiply(step.stream(),
             Multiply<float>{delta_.flat<float>(), input(0).flat<float>(), gradient.flat<float>()});
    step.accumulate(1, gradient);
  }
  WatchOffer watch() const override {
    return {.names = names_,
            .kernel = &input(1),
            .activation = Activation::kLinear,
            .output = &output(),
            .delta = &delta_};
  }

 private:
  Tensor delta_;
  const WatchNames* names_;
};

Tensor scale(Tape& tape, const Tensor& x, const Parameter& kernel) {
  const Tensor y = tape.empty(x.shape(), x.dtype());
  multiply(tape.stream(),
           Multiply<float>{x.flat<float>(), kernel.value.flat<float>(), y.flat<float>()});
  return tape.record(std::make_unique<ScaleOperation>(x, kernel, y, tape.watch_names(kernel)));
}

std::vector<std::string> texts(const std::vector<TensorView>& views) {
  std::vector<std::string> result;
  for (const TensorView& view : views) {
    result.push_back(std::string(name(view.role)) + " " + std::string(view.name) + " " +
                     std::to_string(view.layer) + " " + std::string(name(view.activation)) + " " +
                     shape_text(view.rows, view.cols));
    EXPECT_EQ(view.count, view.rows * view.cols) << result.back();
    EXPECT_EQ(view.channels, view.rank == 2 ? view.rows : 0) << result.back();
    EXPECT_NE(view.data, nullptr) << result.back();
  }
  return result;
}

TEST_P(ViewsTest, KeepTheirLayerWhereAParameterIsReplacedAfterTheGradient) {
  Sequential network = model();
  Tape tape(stream());
  const auto parameters = network.trainable_variables();
  tape.gradient(mse(tape, network.forward(tape, x()), target()), parameters);
  parameters[2]->value = Tensor::zeros(stream(), {4, 4});
  const std::vector<TensorView> views = tape.views();
  EXPECT_EQ(views[2].name, "dense_1/kernel");
  EXPECT_EQ(views[2].layer, 1);
}

TEST_P(ViewsTest, ShowWhatAnyOperationOffersAndCountItAsALayer) {
  Parameter kernel = make_parameter(stream(), "scale/kernel", {5, 3}, Ones{}, 1);
  Parameter head = make_parameter(stream(), "dense/kernel", {3, 2}, Ones{}, 1);
  Tape tape(stream());
  const Tensor y = dense(tape, scale(tape, x(), kernel), head, Activation::kLinear);
  tape.gradient(mse(tape, y, target()), {&kernel, &head});
  const std::vector<std::string> expected{"gradient scale/kernel 0 linear (5, 3)",
                                          "gradient dense/kernel 1 linear (3, 2)",
                                          "output scale/output 0 linear (5, 3)",
                                          "delta scale/delta 0 linear (5, 3)",
                                          "pre_activation dense/pre_activation 1 linear (5, 2)",
                                          "output dense/output 1 linear (5, 2)",
                                          "delta dense/delta 1 linear (5, 2)",
                                          "loss loss -1 none (1, 1)"};
  EXPECT_EQ(texts(tape.views()), expected);
}

TEST_P(ViewsTest, OfATapeAreGradientsThenTheLayersFromTheInputOn) {
  const Sequential network = model();
  Tape tape(stream());
  tape.gradient(mse(tape, network.forward(tape, x()), target()), network.trainable_variables());
  const std::vector<std::string> expected{
      "gradient dense/kernel 0 relu (3, 4)",
      "gradient dense/bias 0 relu (1, 4)",
      "gradient dense_1/kernel 1 linear (4, 4)",
      "gradient dense_1/bias 1 linear (1, 4)",
      "gradient dense_2/kernel 2 sigmoid (4, 2)",
      "gradient dense_2/bias 2 sigmoid (1, 2)",
      "pre_activation dense/pre_activation 0 relu (5, 4)",
      "output dense/output 0 relu (5, 4)",
      "delta dense/delta 0 relu (5, 4)",
      "pre_activation dense_1/pre_activation 1 linear (5, 4)",
      "output dense_1/output 1 linear (5, 4)",
      "delta dense_1/delta 1 linear (5, 4)",
      "pre_activation dense_2/pre_activation 2 sigmoid (5, 2)",
      "output dense_2/output 2 sigmoid (5, 2)",
      "delta dense_2/delta 2 sigmoid (5, 2)",
      "loss loss -1 none (1, 1)",
  };
  EXPECT_EQ(texts(tape.views()), expected);
}

TEST_P(ViewsTest, OfGradientsAreTheGradientsAlone) {
  const Sequential network = model();
  Tape tape(stream());
  EXPECT_TRUE(tape.gradient_views().empty());
  tape.gradient(mse(tape, network.forward(tape, x()), target()), network.trainable_variables());
  const std::vector<std::string> expected{
      "gradient dense/kernel 0 relu (3, 4)",      "gradient dense/bias 0 relu (1, 4)",
      "gradient dense_1/kernel 1 linear (4, 4)",  "gradient dense_1/bias 1 linear (1, 4)",
      "gradient dense_2/kernel 2 sigmoid (4, 2)", "gradient dense_2/bias 2 sigmoid (1, 2)",
  };
  EXPECT_EQ(texts(tape.gradient_views()), expected);
}

TEST_P(ViewsTest, OfAModelAreItsWeights) {
  const Sequential network = model();
  const std::vector<std::string> expected{
      "weight dense/kernel 0 relu (3, 4)",      "weight dense/bias 0 relu (1, 4)",
      "weight dense_1/kernel 1 linear (4, 4)",  "weight dense_1/bias 1 linear (1, 4)",
      "weight dense_2/kernel 2 sigmoid (4, 2)", "weight dense_2/bias 2 sigmoid (1, 2)",
  };
  EXPECT_EQ(texts(network.views()), expected);
}

TEST_P(ViewsTest, KeepTheirNamesWhereTheKernelWasATemporary) {
  const auto layer = [&](Tape& tape) {
    const auto kernel = std::make_unique<Parameter>(
        Parameter{"a kernel with a long name/kernel", Tensor::zeros(stream(), {3, 4})});
    return dense(tape, x(), *kernel, Activation::kRelu);
  };
  Tape tape(stream());
  layer(tape);
  dense(tape, x(), Parameter{"head/kernel", Tensor::zeros(stream(), {3, 2})}, Activation::kTanh);
  std::vector<std::string> names;
  for (const TensorView& view : tape.views()) names.emplace_back(view.name);
  const std::vector<std::string> expected{"a kernel with a long name/pre_activation",
                                          "a kernel with a long name/output", "head/pre_activation",
                                          "head/output"};
  EXPECT_EQ(names, expected);
}

TEST_P(ViewsTest, HoldWhatTheLayersComputed) {
  Parameter kernel{"layer/kernel",
                   Tensor::from_host<float>(stream(), {1, 2}, std::vector{1.f, 2.f})};
  const auto one = Tensor::from_host<float>(stream(), {2, 1}, std::vector{1.f, -1.f});
  Tape tape(stream());
  const Tensor y = dense(tape, one, kernel, Activation::kRelu);
  tape.gradient(mse(tape, y, Tensor::zeros(stream(), {2, 2})), {&kernel});
  const std::vector<TensorView> views = tape.views();
  ASSERT_EQ(views.size(), 5u);                                       // The loss is last.
  EXPECT_EQ(values(views[0]), (std::vector<float>{0.5f, 1}));        // x^T delta
  EXPECT_EQ(values(views[1]), (std::vector<float>{1, 2, -1, -2}));   // z
  EXPECT_EQ(values(views[2]), (std::vector<float>{1, 2, 0, 0}));     // relu(z)
  EXPECT_EQ(values(views[3]), (std::vector<float>{0.5f, 1, 0, 0}));  // 2 (y - 0) / 4 where z > 0
}

TEST_P(ViewsTest, AParameterWithoutGradientIsListedWithoutData) {
  Parameter used{"used", Tensor::zeros(stream(), {1, 1})};
  Parameter unused{"unused", Tensor::zeros(stream(), {6, 7})};
  Tape tape(stream());
  tape.gradient(multiply(tape, used, used), {&unused, &used});
  const std::vector<TensorView> views = tape.views();
  ASSERT_EQ(views.size(), 3u);  // The loss is last.
  EXPECT_EQ(views[0].name, "unused");
  EXPECT_EQ(views[0].data, nullptr);
  EXPECT_EQ(views[0].count, 42);
  EXPECT_EQ(views[0].layer, -1);
  EXPECT_EQ(views[0].activation, Activation::kNone);
  EXPECT_NE(views[1].data, nullptr);
  EXPECT_EQ(tape.gradient_views()[0], views[0]);
}

TEST_P(ViewsTest, PreActivationsAreLeftOutWhereTheTapeDoesNotKeepThem) {
  const Sequential network = model();
  Tape tape(stream(), {.keep_pre_activations = false});
  network.forward(tape, x());
  std::vector<std::string> kept;
  for (const TensorView& view : tape.views()) kept.emplace_back(view.name);
  // A linear layer's pre-activation is its output, and costs nothing.
  const std::vector<std::string> expected{"dense/output", "dense_1/pre_activation",
                                          "dense_1/output", "dense_2/output"};
  EXPECT_EQ(kept, expected);
}

TEST_P(ViewsTest, GradientsDoNotDependOnWhetherPreActivationsAreKept) {
  const Sequential network = model();
  const auto gradients = [&](bool keep) {
    Tape tape(stream(), {.keep_pre_activations = keep});
    std::vector<std::vector<float>> result;
    for (const Gradient& gradient : tape.gradient(mse(tape, network.forward(tape, x()), target()),
                                                  network.trainable_variables())) {
      result.push_back(gradient.value.value().to_host<float>());
    }
    return result;
  };
  EXPECT_EQ(gradients(true), gradients(false));
}

TEST_P(ViewsTest, ALayerThatTheLossDoesNotReachHasNoDelta) {
  Parameter kernel{"head/kernel", Tensor::zeros(stream(), {3, 2})};
  Parameter aside{"aside/kernel", Tensor::zeros(stream(), {3, 2})};
  Tape tape(stream());
  const Tensor input = x();
  dense(tape, input, aside, Activation::kRelu);
  const Tensor y = dense(tape, input, kernel, Activation::kRelu);
  tape.gradient(mse(tape, y, target()), {&kernel, &aside});
  std::vector<std::string> deltas;
  for (const TensorView& view : tape.views()) {
    if (view.role == Role::kDelta) deltas.emplace_back(view.name);
  }
  EXPECT_EQ(deltas, std::vector<std::string>{"head/delta"});
}

TEST_P(ViewsTest, AFrozenFirstLayerIsNotWalkedBackInto) {
  const Sequential network = model();
  network.parameters()[0]->trainable = false;
  network.parameters()[1]->trainable = false;
  Tape tape(stream());
  const Gradients gradients =
      tape.gradient(mse(tape, network.forward(tape, x()), target()), network.trainable_variables());
  EXPECT_EQ(gradients.size(), 4u);
  EXPECT_EQ(gradients[0].parameter->name, "dense_1/kernel");
  for (const TensorView& view : tape.views()) EXPECT_NE(view.name, "dense/delta");
}

TEST_P(ViewsTest, ATiedWeightBelongsToTheFirstLayerThatUsesIt) {
  Parameter tied{"tied/kernel", Tensor::zeros(stream(), {3, 3})};
  Tape tape(stream());
  const Tensor h = dense(tape, x(), tied, Activation::kTanh);
  const Tensor y = dense(tape, h, tied, Activation::kSigmoid);
  tape.gradient(mse(tape, y, Tensor::zeros(stream(), {5, 3})), {&tied});
  EXPECT_EQ(tape.views()[0].layer, 0);
  EXPECT_EQ(tape.views()[0].activation, Activation::kTanh);
}

TEST_P(ViewsTest, EveryStepSharesTheNamesOfTheFirst) {
  const Sequential network = model();
  Tape tape(stream());
  Sgd optimizer;
  const auto step = [&] {
    tape.reset();
    const Gradients gradients = tape.gradient(mse(tape, network.forward(tape, x()), target()),
                                              network.trainable_variables());
    std::vector<TensorView> views = tape.views();
    std::ranges::copy(optimizer.apply(stream(), gradients).views(), std::back_inserter(views));
    std::ranges::copy(network.views(), std::back_inserter(views));
    return views;
  };
  const std::vector<TensorView> first = step();
  for (int i = 0; i < 3; ++i) {
    const std::vector<TensorView> views = step();
    ASSERT_EQ(views.size(), first.size());
    for (std::size_t at = 0; at < views.size(); ++at) {
      EXPECT_EQ(&views[at].name.text(), &first[at].name.text()) << views[at].name;
      EXPECT_EQ(&views[at].model.text(), &first[at].model.text()) << views[at].name;
    }
  }
}

TEST_P(ViewsTest, NamesOutliveTheirTapeAndParameters) {
  std::vector<TensorView> views;
  {
    const Sequential network = model();
    Tape tape(stream());
    tape.gradient(mse(tape, network.forward(tape, x()), target()), network.trainable_variables());
    views = tape.views();
  }
  EXPECT_EQ(views[0].name, "dense/kernel");
  EXPECT_EQ(views[0].model, "Mlp");
  EXPECT_EQ(views[6].name, "dense/pre_activation");
  EXPECT_EQ(views.back().name, "loss");
}

INSTANTIATE_TEST_SUITE_P(Devices, ViewsTest, test::all_devices(), test::device_name);

}  // namespace
}  // namespace gradvitals
