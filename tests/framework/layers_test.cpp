// Contract: framework/layers/{layer_norm,dropout,residual}.h, in models and to the monitor. Oracle:
// the formulas by hand on small inputs, or the same ops without the layer. Gradients are checked in
// gradients_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/layers/dropout.h"
#include "framework/layers/layer_norm.h"
#include "framework/layers/residual.h"
#include "framework/losses.h"
#include "framework/ops.h"
#include "framework/sequential.h"
#include "framework/step_graph.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

class LayersTest : public DeviceTest {
 protected:
  Sequential model(auto... layers) {
    return Sequential(stream(), {.name = "Mlp", .input_shape = {4}, .seed = 3},
                      std::move(layers)...);
  }
  Tensor x(std::int64_t rows = 6) {
    return initialize(stream(), RandomNormal{.stddev = 1}, {rows, 4}, {1, 1});
  }
  std::vector<float> output(const Sequential& network, Tape::Options options = {}) {
    Tape tape(stream(), options);
    return network.forward(tape, x()).to_host<float>();
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, LayersTest, all_devices(), device_name);

std::vector<std::string> names_and_layers(const std::vector<TensorView>& views) {
  std::vector<std::string> texts;
  for (const TensorView& view : views) {
    texts.push_back(std::string(view.name) + " " + std::to_string(view.layer));
  }
  return texts;
}

TEST_P(LayersTest, LayerNormBringsEverySampleToMeanZeroAndVarianceOne) {
  const std::vector<float> y = output(model(LayerNorm()));
  for (std::size_t row = 0; row < 6; ++row) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      sum += y[4 * row + i];
      squares += y[4 * row + i] * y[4 * row + i];
    }
    EXPECT_NEAR(sum, 0, 1e-6);
    EXPECT_NEAR(squares, 4, 1e-3);  // variance / (variance + epsilon), of variances above 0.05
  }
}

TEST_P(LayersTest, LayerNormTakesSamplesOfAnyRank) {
  const Sequential network(stream(), {.name = "Mlp", .input_shape = {3, 2}}, LayerNorm());
  EXPECT_EQ(network.output_shape(), Shape({3, 2}));
  EXPECT_EQ(network.parameters()[0]->value.shape(), Shape({2}));
  Tape tape(stream());
  const Tensor in =
      Tensor::from_host<float>(stream(), {1, 3, 2}, std::vector<float>{1, 3, 5, 5, 9, -1});
  const Tensor y = network.forward(tape, in);
  EXPECT_EQ(y.shape(), Shape({1, 3, 2}));
  const auto n = static_cast<float>(1 / std::sqrt(1 + kLayerNormEpsilon));
  const auto m = static_cast<float>(5 / std::sqrt(25 + kLayerNormEpsilon));
  EXPECT_EQ(y.to_host<float>(), (std::vector<float>{-n, n, 0, 0, m, -m}));
}

TEST_P(LayersTest, AResidualAddsWhatItsLayersGiveToWhatTheyTake) {
  Sequential block = model(Residual(Dense(8, Activation::kRelu), Dense(4)));
  const std::vector<Parameter*> p = block.parameters();
  EXPECT_EQ(p[0]->name, "residual/dense/kernel");
  EXPECT_EQ(p[3]->name, "residual/dense_1/bias");
  Tape tape(stream());
  const Tensor in = x();
  const Tensor f = dense(tape, dense(tape, in, *p[0], *p[1], Activation::kRelu), *p[2], *p[3],
                         Activation::kLinear);
  EXPECT_EQ(output(block), add(tape, in, f).to_host<float>());
}

TEST_P(LayersTest, TheMonitorSeesTheLayersOfABlockAndWeightsWhereTheirGradientsAre) {
  Sequential network = model(Dense(4, Activation::kTanh), Residual(LayerNorm(), Dense(5), Dense(4)),
                             Dropout(0.5), Dense(2));
  Tape tape(stream());
  const auto parameters = network.trainable_variables();
  tape.gradient(mse(tape, network.forward(tape, x()), Tensor::zeros(stream(), {6, 2})), parameters);
  const std::vector<std::string> expected{"dense/kernel 0",
                                          "dense/bias 0",
                                          "residual/layer_norm/gamma -1",
                                          "residual/layer_norm/beta -1",
                                          "residual/dense/kernel 1",
                                          "residual/dense/bias 1",
                                          "residual/dense_1/kernel 2",
                                          "residual/dense_1/bias 2",
                                          "dense_1/kernel 3",
                                          "dense_1/bias 3"};
  EXPECT_EQ(names_and_layers(tape.gradient_views()), expected);
  EXPECT_EQ(names_and_layers(network.views()), expected);
  for (const TensorView& view : tape.gradient_views()) EXPECT_EQ(view.network, 0) << view.name;
}

TEST_P(LayersTest, DropoutRunsInTrainingAlone) {
  const Sequential network = model(Dropout(0.5));
  const std::vector<float> in = x().to_host<float>();
  EXPECT_EQ(output(network, {.training = false}), in);
  EXPECT_NE(output(network), in);
}

TEST_P(LayersTest, DropoutHasAnotherMaskInEveryRunAndAnotherOneInEveryLayer) {
  const Sequential network = model(Dropout(0.5));
  EXPECT_NE(output(network), output(network));
  EXPECT_EQ(output(model(Dropout(0.5))), output(model(Dropout(0.5))));
  Sequential twice = model(Dropout(0.5), Dropout(0.5));
  Tape tape(stream());
  const std::vector<float> y = twice.forward(tape, x(500)).to_host<float>();
  const auto kept = std::ranges::count_if(y, [](float value) { return value != 0; });
  EXPECT_NEAR(static_cast<double>(kept), 500, 5 * std::sqrt(2000 * 0.25 * 0.75));
}

TEST_P(LayersTest, TheGradientOfDropoutPassesWhereItsOutputDid) {
  Parameter in = make_parameter(stream(), "x", {50, 4}, Ones{}, 1);
  const DropoutMasks masks(stream(), {.seed = 1, .sequence = 2});
  Tape tape(stream());
  const Tensor first = dropout(tape, in, 0.5, masks);
  const Tensor second = dropout(tape, in, 0.5, masks);  // Another mask, before the walk back.
  const Tensor loss = mse(tape, first, Tensor::zeros(stream(), {50, 4}));
  const Gradients gradients = tape.gradient(loss, {&in});
  EXPECT_NE(first.to_host<float>(), second.to_host<float>());
  // d/dx of mean((2 x)^2) is 8 x / 200 where x is kept.
  const std::vector<float> y = first.to_host<float>();
  const std::vector<float> dx = gradients[0].value->to_host<float>();
  for (std::size_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(y[i] == 0, dx[i] == 0) << i;
    EXPECT_NEAR(dx[i], y[i] == 0 ? 0 : 8.0 / 200, 1e-7) << i;
  }
}

TEST_P(LayersTest, ACapturedStepMakesTheMasksOfStepsIssuedOneByOne) {
  const auto outputs_of = [this](bool is_captured) {
    const Sequential network = model(Dropout(0.5), Dense(2));
    const auto parameters = network.trainable_variables();
    const Tensor in = x();
    const Tensor target = Tensor::zeros(stream(), {6, 2});
    const Tensor seen = Tensor::zeros(stream(), {4, 2});
    Tape tape(stream());
    const auto run = [&] {
      tape.reset();
      const Tensor loss = mse(tape, network.forward(tape, in), target);
      const Gradients gradients = tape.gradient(loss, parameters);
      const Tensor& gradient = *gradients[0].value;
      activation_forward<float>(stream(),
                                {Activation::kLinear, gradient.flat<float>(), seen.flat<float>()});
    };
    StepGraph graph(stream(), run);
    std::vector<std::vector<float>> outputs;
    for (int step = 0; step < 6; ++step) {
      if (is_captured) {
        graph.run();
      } else {
        run();
      }
      outputs.push_back(seen.to_host<float>());
    }
    return outputs;
  };
  const auto outputs = outputs_of(true);
  EXPECT_EQ(outputs, outputs_of(false));
  for (std::size_t step = 1; step < outputs.size(); ++step) {
    EXPECT_NE(outputs[step], outputs[step - 1]) << step;
  }
}

TEST_P(LayersTest, SummaryShowsThem) {
  EXPECT_EQ(
      model(Dense(4, Activation::kRelu), Residual(LayerNorm(), Dense(4)), Dropout(0.1)).summary(),
      "Mlp, input (batch, 4)\n"
      "  dense        relu           (batch, 4)           20\n"
      "  residual     linear         (batch, 4)           28  of layer_norm none, dense linear\n"
      "  dropout      none           (batch, 4)            0  rate 0.1\n"
      "  parameters                                       48\n");
}

Parameter parameter(Stream& stream, std::string name, const Shape& shape,
                    const std::vector<float>& values) {
  return {.name = std::move(name), .value = Tensor::from_host<float>(stream, shape, values)};
}

TEST_P(LayersTest, ADenseLayerOfReadyParametersKeepsTheirNamesAndValues) {
  const Sequential network =
      model(Dense(parameter(stream(), "fc.weight", {4, 1}, {1, 2, 3, 4}),
                  parameter(stream(), "fc.bias", {1}, {10}), Activation::kLinear),
            Dense(parameter(stream(), "head.weight", {1, 2}, {1, -1}), std::nullopt,
                  Activation::kLinear));
  EXPECT_EQ(names_and_layers(network.views()),
            (std::vector<std::string>{"fc.weight 0", "fc.bias 0", "head.weight 1"}));
  for (const TensorView& view : network.views()) EXPECT_EQ(view.model, "Mlp") << view.name;
  Tape tape(stream());
  const Tensor ones = Tensor::from_host<float>(stream(), {1, 4}, std::vector<float>(4, 1.0F));
  EXPECT_EQ(network.forward(tape, ones).to_host<float>(), (std::vector<float>{20, -20}));
}

TEST_P(LayersTest, ADenseLayerRefusesReadyParametersThatDoNotFit) {
  const Parameter kernel = parameter(stream(), "fc.weight", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const Parameter bias = parameter(stream(), "fc.bias", {3}, {1, 2, 3});
  expect_invalid([&] { Dense(bias, std::nullopt, Activation::kRelu); },
                 {"Dense: kernel 'fc.bias' is (3,), not (inputs, units)"});
  expect_invalid(
      [&] { Dense(Parameter{.name = "none", .value = {}}, std::nullopt, Activation::kRelu); },
      {"Dense: parameter 'none' holds no tensor"});
  expect_invalid([&] { Dense(kernel, Parameter{.name = "none", .value = {}}, Activation::kRelu); },
                 {"Dense: parameter 'none' holds no tensor"});
  expect_invalid([&] { Dense(kernel, bias, Activation::kRelu); },
                 {"bias 'fc.bias' (3,) does not fit kernel 'fc.weight' (4, 2)"});
  expect_invalid([&] { model(Dense(3), Dense(kernel, std::nullopt, Activation::kRelu)); },
                 {"layer 'dense_1': takes vectors (4,), not samples of shape (3,)"});
}

TEST_P(LayersTest, ReadyParametersKeepTheModelThatTheyBelongTo) {
  Parameter kernel = parameter(stream(), "fc.weight", {4, 1}, {1, 2, 3, 4});
  kernel.model = "Teacher";
  const Sequential network = model(Dense(kernel, std::nullopt, Activation::kLinear));
  EXPECT_EQ(network.views().at(0).model, "Teacher");
}

TEST_P(LayersTest, ADenseLayerRefusesReadyParametersOfAnotherType) {
  const Parameter kernel = parameter(stream(), "fc.weight", {4, 1}, {1, 2, 3, 4});
  const std::vector<double> ones(4, 1.0);
  const Parameter kernel64{.name = "fc.weight",
                           .value = Tensor::from_host<double>(stream(), {4, 1}, ones)};
  const Parameter bias64{
      .name = "fc.bias",
      .value = Tensor::from_host<double>(stream(), {1}, std::span(ones).first(1))};
  const std::string here = name(stream().device());
  const std::string found = " is F64 on " + here + ", but the model is F32 on " + here;
  expect_invalid([&] { model(Dense(kernel64, std::nullopt, Activation::kRelu)); },
                 {"layer 'dense': parameter 'fc.weight'" + found});
  expect_invalid([&] { model(Dense(kernel, bias64, Activation::kRelu)); },
                 {"layer 'dense': parameter 'fc.bias'" + found});
  const Sequential doubles(stream(), {.name = "Mlp", .input_shape = {4}, .dtype = DType::kFloat64},
                           Dense(kernel64, bias64, Activation::kRelu));
  EXPECT_EQ(doubles.parameter_count(), 5);
}

TEST_P(LayersTest, ADenseLayerRefusesReadyParametersOnAnotherDevice) {
  Stream elsewhere({.device = GetParam() == DeviceType::kCpu ? DeviceType::kSim : DeviceType::kCpu,
                    .threads = 1});
  const Parameter kernel = parameter(elsewhere, "fc.weight", {4, 1}, {1, 2, 3, 4});
  expect_invalid([&] { model(Dense(kernel, std::nullopt, Activation::kRelu)); },
                 {"parameter 'fc.weight' is F32 on " + name(elsewhere.device()),
                  "the model is F32 on " + name(stream().device())});
}

TEST_P(LayersTest, RefuseWhatDoesNotFit) {
  expect_invalid([] { Residual(std::vector<std::unique_ptr<Layer>>{}); },
                 {"Residual", "no layers"});
  expect_invalid([&] { return model(Residual(Dense(5))).name(); },
                 {"layer 'residual'", "(4,)", "(5,)"});
  expect_invalid([&] { return model(Residual(Dense(5), Residual(Dense(4)), Dense(4))).name(); },
                 {"layer 'residual'", "(5,)", "(4,)"});
  const auto matrix_sample = [&] {
    return Sequential(stream(), {.name = "Mlp", .input_shape = {3, 4}}, Residual(Dense(4))).name();
  };
  expect_invalid(matrix_sample, {"layer 'dense'", "(3, 4)"});
  expect_invalid([] { return LayerNorm().output_shape({}); }, {"layer 'layer_norm'", "()"});
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double epsilon : {0.0, -1.0, kNan}) {
    expect_invalid([epsilon] { return LayerNorm(epsilon).kind(); }, {"LayerNorm", "epsilon"});
  }
  for (const double rate : {-0.1, 1.0, kNan}) {
    expect_invalid([rate] { return Dropout(rate).kind(); }, {"Dropout", "rate"});
  }
  Tape tape(stream());
  const Parameter gamma = make_parameter(stream(), "norm/gamma", {3}, Ones{}, 1);
  const Parameter beta = make_parameter(stream(), "norm/beta", {4}, Zeros{}, 1);
  expect_invalid([&] { return layer_norm(tape, x(), gamma, beta); },
                 {"layer_norm", "'norm/gamma'", "(3,)", "(6, 4)"});
  const DropoutMasks masks(stream(), {});
  expect_invalid([&] { return dropout(tape, x(), 1.5, masks); }, {"dropout", "1.5"});
}

}  // namespace
}  // namespace gradvitals::test
