// Contract: framework/tape.h. Oracle: values worked out by hand; gradients_test.cpp checks
// derivatives.
#include "framework/tape.h"

#include <gtest/gtest.h>

#include <vector>

#include "framework/losses.h"
#include "framework/ops.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

using test::expect_invalid;

class TapeTest : public test::DeviceTest {
 protected:
  Parameter scalar(const char* name, float value) {
    return {name, Tensor::from_host<float>(stream(), {1, 1}, std::vector{value})};
  }
  Tensor constant(float value) {
    return Tensor::from_host<float>(stream(), {1, 1}, std::vector{value});
  }
  double item(const Gradient& gradient) { return gradient.value.value().item(); }
};

TEST_P(TapeTest, GradientsComeInTheOrderAskedFor) {
  Parameter a = scalar("a", 2), b = scalar("b", 3), c = scalar("c", 5);
  Tape tape(stream());
  const Tensor product = multiply(tape, multiply(tape, a, b), c);
  const Gradients gradients = tape.gradient(product, {&c, &a, &b});
  ASSERT_EQ(gradients.size(), 3u);
  EXPECT_EQ(gradients[0].parameter, &c);
  EXPECT_EQ(item(gradients[0]), 6);
  EXPECT_EQ(gradients[1].parameter, &a);
  EXPECT_EQ(item(gradients[1]), 15);
  EXPECT_EQ(gradients[2].parameter, &b);
  EXPECT_EQ(item(gradients[2]), 10);
}

TEST_P(TapeTest, AGradientHasItsParametersShape) {
  Parameter kernel{"dense/kernel", Tensor::zeros(stream(), {3, 2})};
  Parameter bias{"dense/bias", Tensor::zeros(stream(), {2})};
  Tape tape(stream());
  const Tensor y = dense(tape, Tensor::zeros(stream(), {4, 3}), kernel, bias, Activation::kTanh);
  const Gradients gradients =
      tape.gradient(mse(tape, y, Tensor::zeros(stream(), {4, 2})), {&kernel, &bias});
  EXPECT_EQ(gradients[0].value.value().shape(), Shape({3, 2}));
  EXPECT_EQ(gradients[1].value.value().shape(), Shape({2}));
}

TEST_P(TapeTest, FanOutAddsUp) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  const Tensor h = multiply(tape, a, constant(2));                    // 2a
  const Tensor y = add(tape, multiply(tape, h, h), add(tape, h, a));  // 4a^2 + 3a
  EXPECT_EQ(item(tape.gradient(y, {&a})[0]), 8 * 3 + 3);
}

TEST_P(TapeTest, ThePathsOfASharedGradientDoNotDisturbEachOther) {
  // add() hands one memory to both sides; each side then computes in place or adds to it.
  Parameter a = scalar("a", 1), b = scalar("b", 1);
  Tape tape(stream());
  const Tensor left = activate(tape, a, Activation::kRelu);
  const Tensor right = activate(tape, multiply(tape, b, constant(-1)), Activation::kRelu);
  const Tensor sum = add(tape, add(tape, left, right), left);
  const Gradients gradients = tape.gradient(sum, {&a, &b});
  EXPECT_EQ(item(gradients[0]), 2);
  EXPECT_EQ(item(gradients[1]), 0);
}

TEST_P(TapeTest, GradientsOfTwoParametersNeverShareMemory) {
  Parameter a = scalar("a", 1), b = scalar("b", 1);
  Tape tape(stream());
  const Gradients gradients = tape.gradient(add(tape, a, b), {&a, &b});
  EXPECT_FALSE(gradients[0].value.value().shares_memory_with(gradients[1].value.value()));
  gradients[0].value->copy_from_host<float>(stream(), std::vector{7.0f});
  EXPECT_EQ(item(gradients[1]), 1);
  tape.reset();
  EXPECT_EQ(item(tape.gradient(add(tape, a, b), {&b})[0]), 1);
}

TEST_P(TapeTest, AParameterTheLossDoesNotDependOnGetsAnEntryWithoutGradient) {
  Parameter used = scalar("used", 2), aside = scalar("aside", 3), unused = scalar("unused", 4);
  Tape tape(stream());
  multiply(tape, used, aside);  // Recorded, but the loss does not read it.
  const Gradients gradients = tape.gradient(multiply(tape, used, used), {&aside, &used, &unused});
  ASSERT_EQ(gradients.size(), 3u);
  EXPECT_EQ(gradients[0].parameter, &aside);
  EXPECT_FALSE(gradients[0].value.has_value());
  EXPECT_EQ(item(gradients[1]), 4);
  EXPECT_FALSE(gradients[2].value.has_value());
}

class FourInputs final : public Operation {
 public:
  explicit FourInputs(const Tensor& x) : Operation({x, x, x, x}, x) {}
  void backward(BackwardStep& /*step*/) override {}
};

TEST_P(TapeTest, AnOpWithMoreInputsThanATapeRoutesIsRefused) {
  const Parameter x = scalar("x", 1);
  test::expect_invalid([&] { FourInputs op(x.value); }, {"4 inputs", "at most 3"});
}

TEST_P(TapeTest, OpsAfterTheLossDoNotCount) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  const Tensor loss = multiply(tape, a, a);
  multiply(tape, loss, a);
  EXPECT_EQ(item(tape.gradient(loss, {&a})[0]), 6);
}

TEST_P(TapeTest, AParameterAskedForTwiceIsAnsweredTwice) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  const Gradients gradients = tape.gradient(multiply(tape, a, a), {&a, &a});
  ASSERT_EQ(gradients.size(), 2u);
  EXPECT_EQ(item(gradients[0]), 6);
  EXPECT_EQ(item(gradients[1]), 6);
}

TEST_P(TapeTest, NoParametersGiveNoGradients) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  EXPECT_TRUE(tape.gradient(multiply(tape, a, a), {}).empty());
}

TEST_P(TapeTest, ASpentTapeRefusesASecondGradient) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  const Tensor loss = multiply(tape, a, a);
  tape.gradient(loss, {&a});
  expect_invalid([&] { return tape.gradient(loss, {&a}); }, {"spent", "reset()"});
  expect_invalid([&] { return multiply(tape, a, a); }, {"reset()"});
}

TEST_P(TapeTest, AResetTapeStartsAnew) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  tape.gradient(multiply(tape, a, a), {&a});
  tape.reset();
  a.value.copy_from_host<float>(stream(), std::vector{5.0f});
  EXPECT_EQ(item(tape.gradient(multiply(tape, a, a), {&a})[0]), 10);
}

TEST_P(TapeTest, ALossThatIsNoScalarIsRefused) {
  Parameter a{"a", Tensor::zeros(stream(), {2, 3})};
  Tape tape(stream());
  const Tensor y = add(tape, a, a);
  expect_invalid([&] { return tape.gradient(y, {&a}); }, {"scalar", "(2, 3)"});
}

TEST_P(TapeTest, ALossOfAnotherTapeOrFromBeforeAResetIsRefused) {
  Parameter a = scalar("a", 3);
  Tape tape(stream()), other(stream());
  const Tensor loss = multiply(tape, a, a);
  multiply(other, a, a);
  expect_invalid([&] { return other.gradient(loss, {&a}); }, {"not computed on this tape"});
  tape.reset();
  multiply(tape, a, a);
  expect_invalid([&] { return tape.gradient(loss, {&a}); }, {"not computed on this tape"});
  expect_invalid([&] { return tape.gradient(Tensor(), {&a}); }, {"not computed on this tape"});
}

TEST_P(TapeTest, ATensorOfAnotherTapeIsAConstant) {
  Parameter a = scalar("a", 3);
  Tape first(stream()), second(stream());
  const Tensor h = multiply(first, a, a);  // 9
  multiply(second, a, a);                  // At the position that h has on the first tape.
  EXPECT_EQ(item(second.gradient(multiply(second, h, a), {&a})[0]), 9);
}

TEST_P(TapeTest, AnOpsResultIsNoParameter) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  Parameter h{"h", multiply(tape, a, a)};
  expect_invalid([&] { return tape.gradient(multiply(tape, h, a), {&h}); }, {"'h'"});
  expect_invalid([&] { return tape.gradient(multiply(tape, h, a), {nullptr}); }, {"null"});
}

TEST_P(TapeTest, AParameterUpstreamOfATargetIsRefused) {
  Parameter a = scalar("a", 3), b = scalar("b", 1);
  Tape tape(stream());
  const Tensor loss = mse(tape, multiply(tape, a, b), multiply(tape, b, b));
  expect_invalid([&] { return tape.gradient(loss, {&a, &b}); }, {"mse", "target"});
}

TEST_P(TapeTest, ATargetComputedFromConstantsIsFine) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  const Tensor target = multiply(tape, constant(1), constant(1));
  EXPECT_EQ(item(tape.gradient(mse(tape, a, target), {&a})[0]), 4);
}

TEST_P(TapeTest, WhatTheCallerHoldsSurvivesResetAndReuse) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  const Tensor held = multiply(tape, a, a);
  const Gradients gradients = tape.gradient(held, {&a});
  tape.reset();
  a.value.copy_from_host<float>(stream(), std::vector{100.0f});
  tape.gradient(multiply(tape, a, a), {&a});
  EXPECT_EQ(held.item(), 9);
  EXPECT_EQ(item(gradients[0]), 6);
}

TEST_P(TapeTest, AStepUsesTheMemoryOfTheStepBefore) {
  Parameter a = scalar("a", 3);
  Tape tape(stream());
  const auto step = [&] {
    tape.reset();
    const Tensor loss = multiply(tape, a, a);
    const Gradients gradients = tape.gradient(loss, {&a});
    return std::pair{loss.data(), gradients[0].value->data()};
  };
  const auto first = step();
  EXPECT_EQ(step(), first);
}

TEST_P(TapeTest, ShapesThatDoNotFitAreNamed) {
  Parameter kernel{"dense_1/kernel", Tensor::zeros(stream(), {12, 64})};
  Parameter bias{"dense_1/bias", Tensor::zeros(stream(), {63})};
  const Tensor x = Tensor::zeros(stream(), {100, 10});
  const Tensor wide = Tensor::zeros(stream(), {100, 12});
  Tape tape(stream());
  expect_invalid([&] { return dense(tape, x, kernel, Activation::kRelu); },
                 {"dense", "'dense_1/kernel'", "(12, 64)", "(100, 10)"});
  expect_invalid([&] { return dense(tape, wide, kernel, bias, Activation::kRelu); },
                 {"dense", "'dense_1/bias'", "(63,)", "(12, 64)"});
  expect_invalid([&] { return add(tape, x, wide); }, {"add", "(100, 10)", "(100, 12)"});
  expect_invalid([&] { return multiply(tape, x, wide); }, {"multiply", "(100, 10)", "(100, 12)"});
  expect_invalid([&] { return matmul(tape, x, wide); }, {"matmul", "(100, 10)", "(100, 12)"});
  expect_invalid([&] { return mse(tape, x, wide); }, {"mse", "(100, 10)", "(100, 12)"});
  expect_invalid([&] { return dense(tape, wide, kernel, Activation::kNone); }, {"none"});
}

TEST_P(TapeTest, DtypesThatDifferAreNamed) {
  const Tensor x = Tensor::zeros(stream(), {2, 2});
  const Tensor x64 = Tensor::zeros(stream(), {2, 2}, DType::kFloat64);
  Tape tape(stream());
  expect_invalid([&] { return add(tape, x, x64); }, {"add", "F32", "F64"});
  expect_invalid([&] { return add(tape, x, Tensor()); }, {"add", "no tensor"});
}

INSTANTIATE_TEST_SUITE_P(Devices, TapeTest, test::all_devices(), test::device_name);

}  // namespace
}  // namespace gradvitals
