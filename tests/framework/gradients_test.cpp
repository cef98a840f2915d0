// Contract: every op's backward, and whole models made of them, are the derivative of their
// forward. Oracle: central differences in double. Tolerance: tests/support/gradcheck.h.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "framework/layers/activation_layer.h"
#include "framework/layers/dense.h"
#include "framework/layers/dropout.h"
#include "framework/layers/layer_norm.h"
#include "framework/layers/residual.h"
#include "framework/losses.h"
#include "framework/networks.h"
#include "framework/ops.h"
#include "framework/sequential.h"
#include "tests/framework/tape_gradcheck.h"

namespace gradvitals {
namespace {

using test::expect_tape_gradients;
using test::random_parameter;

class Gradients64 : public ::testing::Test {
 protected:
  Stream stream{{.device = DeviceType::kCpu, .threads = 1}};

  /// Checks with respect to all the parameters, which the model may use in any way.
  void expect(const std::string& name, std::vector<Parameter*> parameters,
              const std::function<Tensor(Tape&)>& model) {
    expect_tape_gradients(name, stream, parameters, model);
  }
};

TEST_F(Gradients64, OfDenseWithEveryActivation) {
  Parameter x = random_parameter(stream, "x", {5, 3});
  Parameter kernel = random_parameter(stream, "kernel", {3, 4});
  Parameter bias = random_parameter(stream, "bias", {4});
  for (const Activation activation : all_activations()) {
    expect(std::string("dense ") + std::string(name(activation)), {&x, &kernel, &bias},
           [&](Tape& tape) { return dense(tape, x, kernel, bias, activation); });
  }
}

TEST_F(Gradients64, OfDenseWithoutBias) {
  Parameter x = random_parameter(stream, "x", {5, 3});
  Parameter kernel = random_parameter(stream, "kernel", {3, 4});
  expect("dense without bias", {&x, &kernel},
         [&](Tape& tape) { return dense(tape, x, kernel, Activation::kTanh); });
}

TEST_F(Gradients64, OfMatmulOnBothSides) {
  Parameter a = random_parameter(stream, "a", {2, 3});
  Parameter b = random_parameter(stream, "b", {3, 4});
  expect("matmul", {&a, &b}, [&](Tape& tape) { return matmul(tape, a, b); });
}

TEST_F(Gradients64, OfMatmulOfAMatrixWithItself) {
  Parameter a = random_parameter(stream, "a", {3, 3});
  expect("square", {&a}, [&](Tape& tape) { return matmul(tape, a, a); });
}

TEST_F(Gradients64, OfAddAndMultiplyOnBothSides) {
  Parameter a = random_parameter(stream, "a", {2, 3});
  Parameter b = random_parameter(stream, "b", {2, 3});
  expect("add", {&a, &b}, [&](Tape& tape) { return add(tape, a, b); });
  expect("multiply", {&a, &b}, [&](Tape& tape) { return multiply(tape, a, b); });
}

TEST_F(Gradients64, OfATensorAddedToAndMultipliedByItself) {
  Parameter a = random_parameter(stream, "a", {2, 3});
  expect("a + a", {&a}, [&](Tape& tape) { return add(tape, a, a); });
  expect("a * a", {&a}, [&](Tape& tape) { return multiply(tape, a, a); });
}

TEST_F(Gradients64, OfLayerNorm) {
  Parameter x = random_parameter(stream, "x", {5, 7});
  Parameter gamma = random_parameter(stream, "gamma", {7});
  Parameter beta = random_parameter(stream, "beta", {7});
  expect("layer_norm", {&x, &gamma, &beta},
         [&](Tape& tape) { return layer_norm(tape, x, gamma, beta); });
}

TEST_F(Gradients64, OfDropout) {
  Parameter x = random_parameter(stream, "x", {5, 7});
  expect("dropout", {&x}, [&](Tape& tape) {
    const DropoutMasks masks(stream, {.seed = 1, .sequence = 2});  // The same mask in every run.
    return dropout(tape, x, 0.4, masks);
  });
}

TEST_F(Gradients64, OfAModelOfNormalisedResidualBlocks) {
  Sequential model(
      stream, {.name = "Blocks", .input_shape = {4}, .seed = 2, .dtype = DType::kFloat64},
      Dense(6, Activation::kTanh), Residual(LayerNorm(), Dense(8, Activation::kSoftplus), Dense(6)),
      Residual(Dense(6, Activation::kGelu), Residual(LayerNorm(), Dense(6))), LayerNorm(),
      Dense(2));
  const Parameter x = random_parameter(stream, "x", {5, 4});
  expect("residual blocks", model.trainable_variables(),
         [&](Tape& tape) { return model.forward(tape, x); });
}

TEST_F(Gradients64, OfActivationsBehindNormalisation) {
  for (const Activation activation : {Activation::kGelu, Activation::kSigmoid}) {
    Sequential model(
        stream, {.name = "Normalised", .input_shape = {4}, .seed = 2, .dtype = DType::kFloat64},
        Dense(6), LayerNorm(), ActivationLayer(activation), Dense(2));
    const Parameter x = random_parameter(stream, "x", {5, 4});
    expect("layer_norm and " + std::string(name(activation)), model.trainable_variables(),
           [&](Tape& tape) { return model.forward(tape, x); });
  }
}

TEST_F(Gradients64, OfEverySmoothActivation) {
  Parameter x = random_parameter(stream, "x", {4, 3});
  for (const Activation activation : all_activations()) {
    if (properties(activation).has_kink) continue;
    expect(std::string(name(activation)), {&x},
           [&](Tape& tape) { return activate(tape, x, activation); });
  }
}

TEST_F(Gradients64, OfActivationsThatShareTheirInput) {
  Parameter x = random_parameter(stream, "x", {4, 3});
  expect("tanh(x) + sigmoid(tanh(x))", {&x}, [&](Tape& tape) {
    const Tensor y = activate(tape, x, Activation::kTanh);
    return add(tape, y, activate(tape, y, Activation::kSigmoid));
  });
}

TEST_F(Gradients64, OfEveryLoss) {
  Parameter prediction = random_parameter(stream, "prediction", {4, 3});
  const Tensor target =
      initialize(stream, RandomUniform{0.0, 1.0}, {4, 3}, random_key(1, "target"), DType::kFloat64);
  for (const LossKind kind :
       {LossKind::kMse, LossKind::kBinaryCrossEntropyFromLogits, LossKind::kSoftmaxCrossEntropy}) {
    expect(std::string(name(kind)), {&prediction},
           [&](Tape& tape) { return loss(tape, kind, prediction, target); });
  }
}

TEST_F(Gradients64, OfBinaryCrossEntropyAfterASigmoid) {
  Parameter logits = random_parameter(stream, "logits", {4, 3});
  const Tensor target =
      initialize(stream, RandomUniform{0.0, 1.0}, {4, 3}, random_key(1, "target"), DType::kFloat64);
  expect("binary_cross_entropy", {&logits}, [&](Tape& tape) {
    return binary_cross_entropy(tape, activate(tape, logits, Activation::kSigmoid), target);
  });
}

TEST_F(Gradients64, OfAWeightThatIsUsedTwice) {
  Parameter x = random_parameter(stream, "x", {5, 3});
  Parameter kernel = random_parameter(stream, "tied/kernel", {3, 3});
  Parameter bias = random_parameter(stream, "tied/bias", {3});
  expect("tied weights", {&kernel, &bias, &x}, [&](Tape& tape) {
    const Tensor h = dense(tape, x, kernel, bias, Activation::kTanh);
    return dense(tape, h, kernel, bias, Activation::kSigmoid);
  });
}

TEST_F(Gradients64, OfAResidualModelWithFanOut) {
  Parameter x = random_parameter(stream, "x", {6, 4});
  Parameter w1 = random_parameter(stream, "w1/kernel", {4, 4});
  Parameter b1 = random_parameter(stream, "w1/bias", {4});
  Parameter w2 = random_parameter(stream, "w2/kernel", {4, 4});
  Parameter gate = random_parameter(stream, "gate/kernel", {4, 4});
  expect("residual", {&w1, &b1, &w2, &gate, &x}, [&](Tape& tape) {
    const Tensor h = dense(tape, x, w1, b1, Activation::kTanh);
    const Tensor branch = dense(tape, h, w2, Activation::kGelu);
    const Tensor gated = multiply(tape, branch, dense(tape, h, gate, Activation::kSigmoid));
    const Tensor y = add(tape, h, gated);  // h is read three times.
    return dense(tape, add(tape, y, h), w2, Activation::kLinear);
  });
}

TEST_F(Gradients64, OfLayersThatShareTheGradientOfTheirSum) {
  Parameter x = random_parameter(stream, "x", {6, 4});
  Parameter w1 = random_parameter(stream, "w1/kernel", {4, 4});
  Parameter w2 = random_parameter(stream, "w2/kernel", {4, 4});
  expect("sum of two layers", {&w1, &w2, &x}, [&](Tape& tape) {
    return add(tape, dense(tape, x, w1, Activation::kTanh),
               dense(tape, x, w2, Activation::kSigmoid));
  });
  expect("sum of two activations", {&x}, [&](Tape& tape) {
    return add(tape, activate(tape, multiply(tape, x, x), Activation::kTanh),
               activate(tape, x, Activation::kSigmoid));
  });
}

class NetworkGradients64 : public Gradients64, public ::testing::WithParamInterface<Activation> {
 protected:
  const NetworkOptions options{.seed = 3, .head = GetParam(), .dtype = DType::kFloat64};

  void expect_network(const Sequential& network) {
    const SampleData data = make_sample_data(stream, 3, 8, DType::kFloat64);
    expect(network.name(), network.trainable_variables(),
           [&](Tape& tape) { return mse(tape, network.forward(tape, data.x), data.y); });
  }
};

TEST_P(NetworkGradients64, OfTheSigmoidNetwork) {
  expect_network(sigmoid_network(stream, options));
}

TEST_P(NetworkGradients64, OfTheReluNetwork) {
  expect_network(relu_network(stream, options));
}

TEST_P(NetworkGradients64, OfTheExplodingNetwork) {
  expect_network(exploding_network(stream, options));
}

INSTANTIATE_TEST_SUITE_P(Heads, NetworkGradients64,
                         ::testing::Values(Activation::kSigmoid, Activation::kLinear),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace gradvitals
