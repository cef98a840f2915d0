// Contract: training/model_spec.h. Oracle: the models that the texts describe, layer by layer.
#include "training/model_spec.h"

#include <gtest/gtest.h>

#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

TEST(ModelSpec, NumbersAreDenseLayersBehindTheInput) {
  const ModelSpec spec = parse_model_spec("784-128-10");
  EXPECT_EQ(spec.inputs, 784);
  ASSERT_EQ(spec.parts.size(), 2U);
  EXPECT_EQ(std::get<DensePart>(spec.parts[0]).units, 128);
  EXPECT_EQ(std::get<DensePart>(spec.parts[0]).activation, Activation::kLinear);
  EXPECT_EQ(spec.outputs(), 10);
  EXPECT_EQ(spec.head(), Activation::kLinear);
}

TEST(ModelSpec, AnActivationRightBehindANumberIsTheLayersOwn) {
  const ModelSpec spec = parse_model_spec("4-8-relu-3-sigmoid");
  ASSERT_EQ(spec.parts.size(), 2U);
  EXPECT_EQ(std::get<DensePart>(spec.parts[0]).activation, Activation::kRelu);
  EXPECT_EQ(spec.head(), Activation::kSigmoid);
}

TEST(ModelSpec, AnyOtherActivationIsALayerByItself) {
  const ModelSpec spec = parse_model_spec("784-relu-128-layernorm-relu-tanh-10");
  ASSERT_EQ(spec.parts.size(), 6U);
  EXPECT_EQ(std::get<ActivationPart>(spec.parts[0]).activation, Activation::kRelu);
  EXPECT_EQ(std::get<DensePart>(spec.parts[1]).activation, Activation::kLinear);
  EXPECT_TRUE(std::holds_alternative<LayerNormPart>(spec.parts[2]));
  EXPECT_EQ(std::get<ActivationPart>(spec.parts[3]).activation, Activation::kRelu);
  EXPECT_EQ(std::get<ActivationPart>(spec.parts[4]).activation, Activation::kTanh);
}

TEST(ModelSpec, DropoutHasItsRateBehindIt) {
  const ModelSpec spec = parse_model_spec("4-8-leaky_relu-dropout0.25-1");
  EXPECT_EQ(std::get<DropoutPart>(spec.parts[1]).rate, 0.25);
}

TEST(ModelSpec, WhatStandsFromResidualToAddIsAddedToItsInput) {
  const ModelSpec spec = parse_model_spec("2-4-residual-layernorm-8-relu-4-add-relu-3");
  ASSERT_EQ(spec.parts.size(), 4U);
  const auto& residual = std::get<ResidualPart>(spec.parts[1]);
  ASSERT_EQ(residual.parts.size(), 3U);
  EXPECT_EQ(std::get<DensePart>(residual.parts[1]).activation, Activation::kRelu);
  EXPECT_TRUE(std::holds_alternative<ActivationPart>(spec.parts[2]));
  EXPECT_EQ(parse_model_spec("4-residual-4-add").outputs(), 4);
  EXPECT_EQ(parse_model_spec("4-residual-4-relu-add").head(), Activation::kLinear);
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const Sequential model = build_model(stream, spec);
  EXPECT_EQ(model.parameters()[2]->name, "residual/layer_norm/gamma");
  EXPECT_THROW(build_model(stream, parse_model_spec("2-4-residual-3-add-1")),
               std::invalid_argument);
}

TEST(ModelSpec, ItsTextIsReadBackAsTheSame) {
  for (const char* words :
       {"784-128-relu-64-relu-10", "784-relu-128-layernorm-relu-10", "2-4-linear-relu-1",
        "2-4-dropout0.1-relu-1-sigmoid", "2-4-gelu-softplus-dropout0-1", "1-1",
        "2-4-residual-4-linear-relu-4-relu-add-relu-1", "2-4-dropout0.00001-1",
        "2-4-dropout0.9999999999999999-1"}) {
    EXPECT_EQ(text(parse_model_spec(words)), words);
  }
  EXPECT_EQ(text(parse_model_spec("2-4-linear-1")), "2-4-1");
}

TEST(ModelSpec, ARateWithAnExponentIsReadBackFromItsText) {
  for (const double rate : {1e-5, 1.2345678901234567e-300, 5e-324}) {
    const ModelSpec spec{.inputs = 2, .parts = {DropoutPart{rate}, DensePart{.units = 1}}};
    EXPECT_EQ(std::get<DropoutPart>(parse_model_spec(text(spec)).parts.front()).rate, rate);
  }
}

TEST(ModelSpec, BuildsTheLayersInOrder) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const Sequential model = build_model(stream, parse_model_spec("5-4-relu-layernorm-dropout0.5-3"),
                                       {.name = "M", .seed = 1});
  EXPECT_EQ(model.input_shape(), Shape({5}));
  EXPECT_EQ(model.output_shape(), Shape({3}));
  std::vector<std::string> names;
  for (const Parameter* const parameter : model.parameters()) {
    names.push_back(parameter->name.text());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"dense/kernel", "dense/bias", "layer_norm/gamma",
                                             "layer_norm/beta", "dense_1/kernel", "dense_1/bias"}));
  EXPECT_EQ(model.layer_counts(stream).size(), 1U);
}

TEST(ModelSpec, TheInitializerIsThatOfEveryKernel) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const Sequential model = build_model(stream, parse_model_spec("2-3-relu-1"),
                                       {.kernel_initializer = Constant{.value = 0.5}});
  EXPECT_EQ(model.parameters()[0]->value.to_host<float>(), std::vector<float>(6, 0.5F));
  EXPECT_EQ(model.parameters()[2]->value.to_host<float>(), std::vector<float>(3, 0.5F));
}

TEST(ModelSpec, SaysWhichWordIsWrongAndWhatIsKnown) {
  const auto parse = [](const char* words) { return [words] { parse_model_spec(words); }; };
  expect_invalid(parse("784-relo-10"),
                 {"\"784-relo-10\"", "word 2", "\"relo\"", "leaky_relu", "layernorm", "dropout"});
  expect_invalid(parse("784-none-10"), {"word 2", "\"none\""});
  expect_invalid(parse("relu-10"), {"word 1", "\"relu\"", "width of the input"});
  expect_invalid(parse(""), {"word 1", "width of the input"});
  expect_invalid(parse("784"), {"\"784\"", "no dense layer"});
  expect_invalid(parse("784-relu-layernorm"), {"no dense layer"});
  expect_invalid(parse("784--10"), {"word 2", "\"\""});
  expect_invalid(parse("784-10-"), {"word 3", "\"\""});
  expect_invalid(parse("784-0-10"), {"word 2", "\"0\"", "1 or more"});
  expect_invalid(parse("0-10"), {"word 1", "1 or more"});
  expect_invalid(parse("784-12x-10"), {"word 2", "\"12x\"", "whole number"});
  expect_invalid(parse("784-99999999999999999999-10"), {"word 2", "whole number"});
  expect_invalid(parse("784-1000000000000-10"), {"word 2", "more than 1000000000 units"});
  expect_invalid(parse("1000000000001-10"), {"word 1", "more than 1000000000 units"});
  expect_invalid(parse("784-8-dropout-10"), {"word 3", "rate", "dropout0.1"});
  expect_invalid(parse("784-8-dropout1-10"), {"word 3", "[0, 1)"});
  expect_invalid(parse("784-8-dropoutnan-10"), {"word 3", "[0, 1)"});
  expect_invalid(parse("784 -10"), {"word 1"});
  expect_invalid(parse("4-add-1"), {"word 2", "\"add\"", "no residual"});
  expect_invalid(parse("4-residual-add-1"), {"word 3", "without layers"});
  expect_invalid(parse("4-residual-4-residual-4-add-add"), {"word 4", "stands in a residual"});
  expect_invalid(parse("4-residual-4"), {"no \"add\""});
}

}  // namespace
}  // namespace gradvitals::test
