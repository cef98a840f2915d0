// Contract under test: framework/io/model_file.h and make_model.h.
// Oracle: files made here, values small enough to follow by hand.
#include "framework/io/model_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/io/make_model.h"
#include "framework/losses.h"
#include "tests/framework/io/input_files.h"
#include "tests/framework/io/model_files.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

TEST(ModelFile, ReadsBothLayoutsAsInputsByOutputs) {
  const ModelFile model = model_of({{"layers.0.kernel", {2, 3}, floats({1, 2, 3, 4, 5, 6})},
                                    {"layers.1.weight", {2, 3}, floats({1, 2, 3, 4, 5, 6})},
                                    {"layers.1.bias", {2}, floats({7, 8})}},
                                   kTwoLayers);
  ASSERT_EQ(model.layers.size(), 2U);
  EXPECT_EQ(model.loss, LossKind::kMse);
  EXPECT_EQ(model.layers[0].kernel_name, "layers.0.kernel");
  EXPECT_EQ(model.layers[0].inputs, 2);
  EXPECT_EQ(model.layers[0].outputs, 3);
  EXPECT_EQ(model.layers[0].kernel, (Floats{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(model.layers[0].activation, Activation::kRelu);
  EXPECT_TRUE(model.layers[0].bias_name.empty());
  EXPECT_EQ(model.layers[1].kernel_name, "layers.1.weight");
  EXPECT_EQ(model.layers[1].inputs, 3);
  EXPECT_EQ(model.layers[1].outputs, 2);
  EXPECT_EQ(model.layers[1].kernel, (Floats{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(model.layers[1].bias, (Floats{7, 8}));
  EXPECT_EQ(model.layers[1].bias_name, "layers.1.bias");
}

TEST(ModelFile, ReadsEveryElementType) {
  const ModelFile model =
      model_of({{"layers.0.kernel", {1, 2}, raw(0.1) + raw(-HUGE_VAL), DType::kFloat64},
                {"layers.0.bias", {2}, std::string("\x00\x3E\x00\xC0", 4), DType::kFloat16},
                {"layers.1.kernel", {2, 1}, std::string("\xC0\x3F\x80\xBF", 4), DType::kBFloat16}},
               kTwoLayers);
  EXPECT_EQ(model.layers[0].kernel, (Floats{0.1F, -HUGE_VALF}));
  EXPECT_EQ(model.layers[0].bias, (Floats{1.5F, -2.0F}));
  EXPECT_EQ(model.layers[1].kernel, (Floats{1.5F, -1.0F}));
}

std::string two_layers() {
  return file_of({zeros("layers.0.kernel", {2, 3}), zeros("layers.1.kernel", {3, 1})}, kTwoLayers);
}

TEST(ModelFile, AnIntegerThatIsNotNeededIsPassedOver) {
  const TemporaryFile extended(with_an_integer(two_layers(), "bn.num_batches_tracked"));
  EXPECT_EQ(read_model(extended.path()).layers.size(), 2U);
}

TEST(ModelFile, AnIntegerThatIsNeededIsRefusedByItsType) {
  const TemporaryFile file(with_an_integer(two_layers(), "layers.2.weight"));
  EXPECT_EQ(refusal([&] { read_model(file.path()); }),
            file.path() +
                R"(: tensor "layers.2.weight": is of type "I64"; F32, F64, F16 or BF16 is needed)");
}

TEST(ModelFile, AHeadThatMakesProbabilitiesIsLeftToItsLoss) {
  const std::vector<TestTensor> layers{zeros("layers.0.kernel", {2, 3}),
                                       zeros("layers.1.kernel", {3, 2})};
  const auto head = [&](const char* activations, const char* loss) {
    return model_of(layers, {{"activations", activations}, {"loss", loss}}).layers[1].activation;
  };
  EXPECT_EQ(head("relu,sigmoid", "bce_with_logits"), Activation::kLinear);
  EXPECT_EQ(head("relu, softmax", "cross_entropy"), Activation::kLinear);
  EXPECT_EQ(head("relu,sigmoid", "mse"), Activation::kSigmoid);
}

TEST(ModelFile, BceIsOfWhatTheHeadGives) {
  const std::vector<TestTensor> layers{zeros("layers.0.kernel", {2, 3}),
                                       zeros("layers.1.kernel", {3, 2})};
  const auto read = [&](const char* activations, const char* loss) {
    const ModelFile model = model_of(layers, {{"activations", activations}, {"loss", loss}});
    return std::pair(model.layers[1].activation, model.loss);
  };
  const std::pair from_logits(Activation::kLinear, LossKind::kBinaryCrossEntropyFromLogits);
  const std::pair of_probabilities(Activation::kSigmoid, LossKind::kBinaryCrossEntropy);
  EXPECT_EQ(read("relu,sigmoid", "bce"), of_probabilities);
  EXPECT_EQ(read("relu,sigmoid", "binary_cross_entropy"), of_probabilities);
  EXPECT_EQ(read("relu,linear", "bce"), from_logits);
  EXPECT_EQ(read("relu,linear", "bce_with_logits"), from_logits);
  EXPECT_EQ(read("relu,sigmoid", "binary_cross_entropy_from_logits"), from_logits);
}

TEST(ModelFile, LossesHaveTheNamesOfPyTorchAndKeras) {
  const std::vector<TestTensor> layers{zeros("layers.0.kernel", {2, 3})};
  const auto read = [&](const char* activation, const char* loss_name) {
    return model_of(layers, {{"activations", activation}, {"loss", loss_name}}).loss;
  };
  EXPECT_EQ(read("linear", "MSELoss"), LossKind::kMse);
  EXPECT_EQ(read("linear", "mean_squared_error"), LossKind::kMse);
  EXPECT_EQ(read("sigmoid", "BCELoss"), LossKind::kBinaryCrossEntropy);
  EXPECT_EQ(read("linear", "BCEWithLogitsLoss"), LossKind::kBinaryCrossEntropyFromLogits);
  EXPECT_EQ(read("sigmoid", "binary_crossentropy"), LossKind::kBinaryCrossEntropy);
  EXPECT_EQ(read("linear", "CrossEntropyLoss"), LossKind::kSoftmaxCrossEntropy);
  EXPECT_EQ(read("softmax", "sparse_categorical_crossentropy"), LossKind::kSoftmaxCrossEntropy);
}

TEST(ModelFile, MoreThanTenLayersComeInTheOrderOfTheirNumbers) {
  std::vector<TestTensor> tensors;
  Metadata metadata{{"loss", "mse"}};
  for (int i = 11; i >= 0; --i) {
    tensors.push_back(zeros("layers." + std::to_string(i) + ".kernel", {i + 1, i + 2}));
    metadata["activations"] += i == 0 ? "tanh" : "tanh,";
  }
  const ModelFile model = model_of(tensors, metadata);
  ASSERT_EQ(model.layers.size(), 12U);
  EXPECT_EQ(model.layers[10].kernel_name, "layers.10.kernel");
}

// nn.Sequential(Linear, ReLU, Linear).state_dict(): activations take numbers, too.
TEST(ModelFile, AStateDictOfSequentialIsAModel) {
  for (const std::string prefix : {"", "net.", "layers.", "module.net.", "fc"}) {
    SCOPED_TRACE(prefix);
    const ModelFile model =
        model_of({zeros(prefix + "1.bias", {3}), zeros(prefix + "1.weight", {3, 2}),
                  zeros(prefix + "10.weight", {1, 4}), zeros(prefix + "3.weight", {4, 3})},
                 {{"activations", "relu,relu,linear"}, {"loss", "mse"}});
    ASSERT_EQ(model.layers.size(), 3U);
    EXPECT_EQ(model.layers[0].bias_name, prefix + "1.bias");
    EXPECT_EQ(model.layers[1].kernel_name, prefix + "3.weight");
    EXPECT_EQ(model.layers[1].inputs, 3);
    EXPECT_EQ(model.layers[2].kernel_name, prefix + "10.weight");
  }
}

const std::string kWayOut =
    "; a model file holds dense layers alone: of another network, save the gradients and run "
    "`gradvitals diagnose` on them";

struct BadModel {
  std::string name;
  std::vector<TestTensor> tensors;
  Metadata metadata;
  std::string message;
};

void PrintTo(const BadModel& model, std::ostream* out) {
  *out << model.name;
}

class BadModelFile : public ::testing::TestWithParam<BadModel> {};

TEST_P(BadModelFile, IsRefusedInOneLine) {
  const TemporaryFile file(file_of(GetParam().tensors, GetParam().metadata));
  EXPECT_EQ(refusal([&] { read_model(file.path()); }), file.path() + ": " + GetParam().message);
}

std::vector<BadModel> bad_models() {
  const TestTensor first = zeros("layers.0.kernel", {2, 3});
  const TestTensor second = zeros("layers.1.kernel", {3, 1});
  const auto with = [](const char* activations, const char* loss) {
    return Metadata{{"activations", activations}, {"loss", loss}};
  };
  const std::vector<TestTensor> both{first, second};
  return {
      {"NoTensors", {}, kTwoLayers, "has no layers.0.kernel or layers.0.weight"},
      {"OtherTensors",
       {first, second, zeros("embedding.weight", {4, 2})},
       kTwoLayers,
       R"(tensor "embedding.weight": is none of layers.{i}.kernel, layers.{i}.weight, layers.{i}.bias)" +
           kWayOut},
      {"PaddedNumber",
       {first, zeros("layers.01.kernel", {3, 1})},
       kTwoLayers,
       R"(tensor "layers.01.kernel": is none of layers.{i}.kernel, layers.{i}.weight, layers.{i}.bias)" +
           kWayOut},
      {"NegativeNumber",
       {first, zeros("layers.-1.kernel", {3, 1})},
       kTwoLayers,
       R"(tensor "layers.-1.kernel": is none of layers.{i}.kernel, layers.{i}.weight, layers.{i}.bias)" +
           kWayOut},
      {"HugeNumber",
       {zeros("layers.99999999999999999999.kernel", {3, 1})},
       kTwoLayers,
       R"(tensor "layers.99999999999999999999.kernel": is none of layers.{i}.kernel, layers.{i}.weight, layers.{i}.bias)" +
           kWayOut},
      {"Gap",
       {first, zeros("layers.2.kernel", {3, 1})},
       kTwoLayers,
       "layers.1.kernel or layers.1.weight is missing"},
      {"StartsAtOne", {second}, kTwoLayers, "layers.0.kernel or layers.0.weight is missing"},
      {"BiasAlone",
       {first, zeros("layers.1.bias", {1})},
       kTwoLayers,
       "layers.1.kernel or layers.1.weight is missing"},
      {"TwoPrefixes",
       {zeros("encoder.0.weight", {3, 2}), zeros("decoder.1.weight", {1, 3})},
       kTwoLayers,
       R"(tensor "decoder.1.weight": is none of encoder.{i}.kernel, encoder.{i}.weight, encoder.{i}.bias)" +
           kWayOut},
      {"NormalisationAmongTheLayers",
       {zeros("0.weight", {3, 2}), zeros("1.weight", {3}), zeros("2.weight", {1, 3})},
       {{"activations", "linear,relu,linear"}, {"loss", "mse"}},
       R"(tensor "1.weight": shape [3] is not (outputs, inputs))" + kWayOut},
      {"SequentialBiasAlone",
       {zeros("0.weight", {3, 2}), zeros("2.bias", {1})},
       kTwoLayers,
       "1.kernel or 1.weight is missing"},
      {"ConvolutionAmongTheLayers",
       {zeros("0.weight", {8, 3, 3, 3}), zeros("3.weight", {10, 8})},
       kTwoLayers,
       R"(tensor "0.weight": shape [8,3,3,3] is not (outputs, inputs))" + kWayOut},
      {"RunningMeanAmongTheLayers",
       {zeros("0.weight", {3, 2}), zeros("1.running_mean", {3}), zeros("3.weight", {1, 3})},
       kTwoLayers,
       R"(tensor "1.running_mean": is none of {i}.kernel, {i}.weight, {i}.bias)" + kWayOut},
      {"KernelAndWeight",
       {first, second, zeros("layers.1.weight", {1, 3})},
       kTwoLayers,
       R"(tensor "layers.1.weight": the layer has a kernel, too)"},
      {"KernelIsAVector",
       {zeros("layers.0.kernel", {3}), second},
       kTwoLayers,
       R"(tensor "layers.0.kernel": shape [3] is not (inputs, outputs))" + kWayOut},
      {"KernelIsEmpty",
       {zeros("layers.0.kernel", {0, 3}), second},
       kTwoLayers,
       R"(tensor "layers.0.kernel": shape [0,3] is not (inputs, outputs))"},
      {"WeightIsACube",
       {zeros("layers.0.weight", {3, 1, 2}), second},
       kTwoLayers,
       R"(tensor "layers.0.weight": shape [3,1,2] is not (outputs, inputs))" + kWayOut},
      {"LayersDoNotFit",
       {first, zeros("layers.1.kernel", {4, 1})},
       kTwoLayers,
       R"(tensor "layers.1.kernel": takes 4 inputs, but "layers.0.kernel" gives 3)"},
      {"BiasTooLong",
       {first, zeros("layers.0.bias", {4}), second},
       kTwoLayers,
       R"(tensor "layers.0.bias": shape [4] is not [3])"},
      {"BiasIsAMatrix",
       {first, zeros("layers.0.bias", {1, 3}), second},
       kTwoLayers,
       R"(tensor "layers.0.bias": shape [1,3] is not [3])"},
      {"TooLargeForFloat32",
       {{"layers.0.kernel", {1, 2}, raw(1.0) + raw(1e300), DType::kFloat64}},
       with("linear", "mse"),
       R"(tensor "layers.0.kernel", element 1: 1e+300 leaves float32's range)"},
      {"NoActivations", both, {{"loss", "mse"}}, R"(metadata "activations" is missing)"},
      {"NoLoss", both, {{"activations", "relu,relu"}}, R"(metadata "loss" is missing)"},
      {"UnknownActivation", both, with("relu,swish", "mse"),
       R"(metadata "activations": "swish" is not one of )" + activation_names()},
      {"NoneIsNoActivation", both, with("none,relu", "mse"),
       R"(metadata "activations": "none" is not one of )" + activation_names()},
      {"EmptyActivations", both, with("", "mse"),
       R"(metadata "activations": "" is not one of )" + activation_names()},
      {"TooFewActivations", both, with("relu", "mse"),
       R"(metadata "activations": 1 given, 2 expected, one for each layer of the model with commas between)"},
      {"TooManyActivations", both, with("relu,relu,relu", "mse"),
       R"(metadata "activations": 3 given, 2 expected, one for each layer of the model with commas between)"},
      {"UnknownLoss", both, with("relu,relu", "hinge"),
       R"(metadata "loss": "hinge" is not one of mse, bce, bce_with_logits, cross_entropy)"},
      {"CrossEntropyOfATanh", both, with("relu,tanh", "bce"),
       R"(metadata "loss": "bce" cannot follow a tanh layer)"},
      {"ProbabilitiesOfPyTorchOutOfALinearLayer", both, with("relu,linear", "BCELoss"),
       R"(metadata "loss": "BCELoss" cannot follow a linear layer)"},
      {"LogitsOutOfATanh", both, with("relu,tanh", "bce_with_logits"),
       R"(metadata "loss": "bce_with_logits" cannot follow a tanh layer)"},
      {"ProbabilitiesOutOfALinearLayer", both, with("relu,linear", "binary_cross_entropy"),
       R"(metadata "loss": "binary_cross_entropy" cannot follow a linear layer)"},
      {"SoftmaxBeforeMse", both, with("relu,softmax", "mse"),
       R"(metadata "activations": "softmax" is not one of )" + activation_names()},
      {"SoftmaxOfOneOutput", both, with("relu,linear", "cross_entropy"),
       R"(metadata "loss": "softmax_cross_entropy" of one output is always 0)"},
      {"SoftmaxOfASigmoid", both, with("relu,sigmoid", "cross_entropy"),
       R"(metadata "loss": "cross_entropy" cannot follow a sigmoid layer)"},
  };
}

INSTANTIATE_TEST_SUITE_P(Files, BadModelFile, ::testing::ValuesIn(bad_models()),
                         [](const auto& model) { return model.param.name; });

/// Loss and gradient of a one-weight model, z = 3 w, at target 1.
struct OneWeight {
  double loss;
  double gradient;
};

OneWeight run_one_weight(float weight, const char* activation, const char* loss_name) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const ModelFile file = model_of({{"layers.0.weight", {1, 1}, raw(weight)}},
                                  {{"activations", activation}, {"loss", loss_name}});
  const Sequential model = make_model(stream, file);
  Tape tape(stream);
  const Tensor y = model.forward(tape, Tensor::from_host<float>(stream, {1, 1}, Floats{3}));
  const Tensor target = Tensor::from_host<float>(stream, {1, 1}, Floats{1});
  const Tensor value = loss(tape, file.loss, y, target);
  const Gradients gradients = tape.gradient(value, model.trainable_variables());
  EXPECT_EQ(gradients.at(0).parameter->name, "layers.0.weight");
  return {value.item(), gradients.at(0).value->item()};
}

TEST(ModelFileLoss, BceWithLogitsLooksThroughASigmoid) {
  const OneWeight after_sigmoid = run_one_weight(0.5F, "sigmoid", "bce_with_logits");
  const double probability = 1 / (1 + std::exp(-1.5));
  EXPECT_NEAR(after_sigmoid.loss, -std::log(probability), 1e-6);
  EXPECT_NEAR(after_sigmoid.gradient, 3 * (probability - 1), 1e-6);
  // sigmoid(-150) is 0 in float32: from the output, the gradient would be 0.
  const OneWeight saturated = run_one_weight(-50.0F, "sigmoid", "bce_with_logits");
  EXPECT_NEAR(saturated.loss, 150, 1e-4);
  EXPECT_NEAR(saturated.gradient, -3, 1e-6);
}

TEST(ModelFileLoss, BceAfterASigmoidIsThatOfItsProbabilities) {
  const OneWeight after_sigmoid = run_one_weight(0.5F, "sigmoid", "bce");
  const double probability = 1 / (1 + std::exp(-1.5));
  EXPECT_NEAR(after_sigmoid.loss, -std::log(probability), 1e-6);
  EXPECT_NEAR(after_sigmoid.gradient, 3 * (probability - 1), 1e-6);
  // The sigmoid rounds to 0, its derivative with it: nothing is learned, as in PyTorch.
  const OneWeight saturated = run_one_weight(-50.0F, "sigmoid", "bce");
  EXPECT_EQ(saturated.loss, 100);
  EXPECT_EQ(saturated.gradient, 0);
}

TEST(ModelFileLoss, BceAfterALinearLayerTakesItForLogits) {
  EXPECT_EQ(run_one_weight(0.5F, "linear", "bce").loss,
            run_one_weight(0.5F, "sigmoid", "bce_with_logits").loss);
}

TEST(ModelFileLoss, MseKeepsTheSigmoid) {
  const double probability = 1 / (1 + std::exp(-1.5));
  EXPECT_NEAR(run_one_weight(0.5F, "sigmoid", "mse").loss, std::pow(probability - 1, 2), 1e-6);
}

TEST(ModelFile, NoModelIsMadeWithoutLayers) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  expect_invalid([&] { make_model(stream, ModelFile{}); },
                 {"make_model: the model file has no layers"});
}

TEST(ModelFile, MadeModelsCarryTheNamesOfTheFile) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const Sequential model =
      make_model(stream, model_of({zeros("layers.0.weight", {3, 2}), zeros("layers.0.bias", {3}),
                                   zeros("layers.1.kernel", {3, 1})},
                                  kTwoLayers));
  const std::vector<TensorView> weights = model.views();
  ASSERT_EQ(weights.size(), 3U);
  EXPECT_EQ(weights[0].name, "layers.0.weight");
  EXPECT_EQ(weights[0].rows, 2);
  EXPECT_EQ(weights[0].cols, 3);
  EXPECT_EQ(weights[1].name, "layers.0.bias");
  EXPECT_EQ(weights[2].name, "layers.1.kernel");
  EXPECT_EQ(weights[2].layer, 1);
  Tape tape(stream);
  model.forward(tape, Tensor::zeros(stream, {4, 2}));
  EXPECT_EQ(tape.views().at(0).name, "layers.0/pre_activation");
}

}  // namespace
}  // namespace gradvitals::test
