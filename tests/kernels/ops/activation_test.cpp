// Contract: kernels/ops/activation.h. Oracle: the textbook formulas in long double, through libm.
// Tolerances: tolerances.h, "Activations". Longer than most files: every case, on devices and in
// double, draws on the one table of functions, slopes and limits below.
#include "kernels/ops/activation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "kernels/ops/cpu/activation.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/gradcheck.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/special_values.h"

namespace gradvitals::test {
namespace {

constexpr float kSubnormal = std::numeric_limits<float>::denorm_min();

constexpr std::array<std::int64_t, 12> kActivationSizes = {0,   1,   7,   31,   32,   33,
                                                           255, 256, 257, 1023, 1024, 1025};

using Real = long double;

Real expected_output(Activation activation, Real z) {
  switch (activation) {
    case Activation::kNone:
    case Activation::kLinear:
      return z;
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-z));
    case Activation::kRelu:
      return z <= 0 ? 0 : z;
    case Activation::kTanh:
      return std::tanh(z);
    case Activation::kLeakyRelu:
      return z < 0 ? static_cast<Real>(kLeakyReluSlope) * z : z;
    case Activation::kGelu:
      return std::isinf(z) ? (z > 0 ? z : 0) : z * std::erfc(-z / std::sqrt(Real(2))) / 2;
    case Activation::kSoftplus:
      return (z > 0 ? z : 0) + std::log1p(std::exp(-std::fabs(z)));
  }
  return kNan;
}

/// From z and the output as stored: the formulas for sigmoid, tanh and softplus are in
/// terms of y.
Real expected_slope(Activation activation, Real z, Real y) {
  switch (activation) {
    case Activation::kNone:
    case Activation::kLinear:
      return 1;
    case Activation::kSigmoid:
      return y - y * y;
    case Activation::kRelu:
      return y > 0 ? 1 : 0;
    case Activation::kTanh:
      return 1 - y * y;
    case Activation::kLeakyRelu:
      return y > 0 ? 1 : static_cast<Real>(kLeakyReluSlope);
    case Activation::kGelu: {
      const Real density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(Real(-1)));
      return std::erfc(-z / std::sqrt(Real(2))) / 2 + z * density;
    }
    case Activation::kSoftplus:
      return -std::expm1(-y);
  }
  return kNan;
}

Tolerance forward_tolerance(Activation activation) {
  switch (activation) {
    case Activation::kSigmoid:
      return kSigmoidFloat;
    case Activation::kTanh:
      return kTanhFloat;
    case Activation::kGelu:
      return kGeluFloat;
    case Activation::kSoftplus:
      // exp 1.3, 2 + e 0.5, the division 0.5, the polynomial and the last step of log1p 0.6, the
      // sum with z 0.5: 3.4.
      return ulps<float>(4);
    case Activation::kLeakyRelu:
      return ulps<float>(1);  // The slope's own rounding, and the product's.
    default:
      return kExact;
  }
}

/// Three roundings at most (softplus' 1 - e^-y has 1.0 ulp, as tanh's t) but for gelu, whose derivative is judged over its own sweeps below.
Tolerance slope_tolerance(Activation activation) {
  return activation == Activation::kGelu ? kGeluDerivativeFloat : ulps<float>(2);
}

std::vector<double> oracle(Activation activation, const std::vector<float>& z) {
  std::vector<double> y;
  for (const float x : z) y.push_back(static_cast<double>(expected_output(activation, x)));
  return y;
}

/// Every `stride`-th float by bit pattern: all exponents, both signs, subnormals, NaN and infinity.
std::vector<float> all_scales(std::uint32_t stride) {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += stride) {
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  return values;
}

std::vector<float> evenly(float low, float high, int count) {
  std::vector<float> values;
  for (int i = 0; i <= count; ++i) {
    values.push_back(low + (high - low) * static_cast<float>(i) / static_cast<float>(count));
  }
  return values;
}

class ActivationTest : public DeviceTest {
 protected:
  std::vector<float> forward(Activation activation, const std::vector<float>& z) {
    const GuardedBuffer<float> in(stream(), z);
    const GuardedBuffer<float> out(stream(), in.count());
    activation_forward<float>(stream(), {activation, in.vector(), out.vector()});
    stream().synchronize();
    EXPECT_TRUE(out.guards_intact()) << name(activation);
    return out.download();
  }

  std::vector<float> backward(Activation activation, const std::vector<float>& z,
                              const std::vector<float>& y, const std::vector<float>& dy) {
    const GuardedBuffer<float> z_in(stream(), z);
    const GuardedBuffer<float> y_in(stream(), y);
    const GuardedBuffer<float> dy_in(stream(), dy);
    const GuardedBuffer<float> out(stream(), dy_in.count());
    activation_backward<float>(
        stream(), {activation, z_in.vector(), y_in.vector(), dy_in.vector(), out.vector()});
    stream().synchronize();
    EXPECT_TRUE(out.guards_intact()) << name(activation);
    return out.download();
  }

  float forward(Activation activation, float z) { return forward(activation, std::vector{z})[0]; }
  float slope(Activation activation, float z, float dy = 1.0f) {
    return backward(activation, {z}, {forward(activation, z)}, {dy})[0];
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, ActivationTest, all_devices(), device_name);

TEST_P(ActivationTest, OutputsAreAccurateAtEveryScale) {
  const std::vector<float> z = all_scales(16411);
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    expect_close(forward(activation, z), oracle(activation, z), forward_tolerance(activation));
  }
}

TEST_P(ActivationTest, OutputsAreAccurateWhereTheyBend) {
  for (const auto& z : {evenly(-110, 110, 100003), evenly(-16, 16, 100003), evenly(-1, 1, 20011)}) {
    for (const Activation activation : all_activations()) {
      SCOPED_TRACE(name(activation));
      expect_close(forward(activation, z), oracle(activation, z), forward_tolerance(activation));
    }
  }
}

TEST_P(ActivationTest, SlopesAreAccurate) {
  const std::vector<float> z = evenly(-20, 20, 100003);
  const std::vector<float> ones(z.size(), 1.0f);
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    const std::vector<float> y = forward(activation, z);
    std::vector<double> expected;
    for (std::size_t i = 0; i < z.size(); ++i) {
      expected.push_back(static_cast<double>(expected_slope(activation, z[i], y[i])));
    }
    expect_close(backward(activation, z, y, ones), expected, slope_tolerance(activation));
  }
}

TEST_P(ActivationTest, GeluSlopeKeepsItsRelativeAccuracyInTheTail) {
  const std::vector<float> z = evenly(-15, -2, 50021);
  const std::vector<float> ones(z.size(), 1.0f);
  std::vector<double> expected;
  for (const float x : z) {
    expected.push_back(static_cast<double>(expected_slope(Activation::kGelu, x, 0)));
  }
  expect_close(backward(Activation::kGelu, z, z, ones), expected, kGeluDerivativeTailFloat);
}

TEST_P(ActivationTest, SoftplusAndItsSlopeKeepTheirRelativeAccuracyInTheTail) {
  const std::vector<float> z = evenly(-103, -10, 50021);
  const std::vector<float> ones(z.size(), 1.0f);
  const std::vector<float> y = forward(Activation::kSoftplus, z);
  const std::vector<float> slopes = backward(Activation::kSoftplus, z, y, ones);
  std::vector<double> sigmoids;
  for (const float x : z) {
    sigmoids.push_back(static_cast<double>(expected_output(Activation::kSigmoid, x)));
  }
  // Those of y, and two of the slope's own.
  expect_close(slopes, sigmoids, ulps<float>(6));
}

TEST_P(ActivationTest, NanStaysNan) {
  for (const Activation activation : all_activations()) {
    EXPECT_TRUE(std::isnan(forward(activation, kNan))) << name(activation);
    EXPECT_TRUE(std::isnan(slope(activation, 0.5f, kNan))) << name(activation);
    if (activation == Activation::kLinear) continue;  // Its slope is 1 wherever z is.
    EXPECT_TRUE(std::isnan(slope(activation, kNan))) << name(activation);
  }
}

TEST_P(ActivationTest, InfinityGivesTheLimit) {
  const auto limits = [&](Activation activation) {
    return std::pair{forward(activation, -kInf), forward(activation, kInf)};
  };
  EXPECT_EQ(limits(Activation::kLinear), std::pair(-kInf, kInf));
  EXPECT_EQ(limits(Activation::kSigmoid), std::pair(0.0f, 1.0f));
  EXPECT_EQ(limits(Activation::kRelu), std::pair(0.0f, kInf));
  EXPECT_EQ(limits(Activation::kTanh), std::pair(-1.0f, 1.0f));
  EXPECT_EQ(limits(Activation::kLeakyRelu), std::pair(-kInf, kInf));
  EXPECT_EQ(limits(Activation::kGelu), std::pair(0.0f, kInf));
  EXPECT_EQ(limits(Activation::kSoftplus), std::pair(0.0f, kInf));
}

TEST_P(ActivationTest, SlopesAtInfinityAreTheLimit) {
  EXPECT_EQ(slope(Activation::kSigmoid, kInf), 0.0f);
  EXPECT_EQ(slope(Activation::kSigmoid, -kInf), 0.0f);
  EXPECT_EQ(slope(Activation::kTanh, kInf), 0.0f);
  EXPECT_EQ(slope(Activation::kTanh, -kInf), 0.0f);
  EXPECT_EQ(slope(Activation::kRelu, kInf), 1.0f);
  EXPECT_EQ(slope(Activation::kGelu, kInf), 1.0f);
  EXPECT_EQ(slope(Activation::kGelu, -kInf), 0.0f);
  EXPECT_EQ(slope(Activation::kSoftplus, kInf), 1.0f);
  EXPECT_EQ(slope(Activation::kSoftplus, -kInf), 0.0f);
}

TEST_P(ActivationTest, SigmoidSaturatesAtExactlyOneAndItsGradientAtExactlyZero) {
  for (const float z : {17.4f, 20.0f, 88.8f, 1e4f, 1e30f, kInf}) {
    EXPECT_EQ(forward(Activation::kSigmoid, z), 1.0f) << z;
    EXPECT_EQ(slope(Activation::kSigmoid, z, 1e30f), 0.0f) << z;
  }
}

TEST_P(ActivationTest, SigmoidUnderflowsGradually) {
  EXPECT_EQ(std::fpclassify(forward(Activation::kSigmoid, -87.0f)), FP_NORMAL);
  EXPECT_EQ(std::fpclassify(forward(Activation::kSigmoid, -87.5f)), FP_SUBNORMAL);
  EXPECT_EQ(std::fpclassify(forward(Activation::kSigmoid, -103.0f)), FP_SUBNORMAL);
  EXPECT_EQ(forward(Activation::kSigmoid, -104.0f), 0.0f);
  EXPECT_EQ(forward(Activation::kSigmoid, -1e4f), 0.0f);
}

TEST_P(ActivationTest, DerivativeAtTheKinkIsTheOneFromBelow) {
  for (const float zero : {0.0f, -0.0f}) {
    EXPECT_EQ(slope(Activation::kRelu, zero, 3.0f), 0.0f);
    EXPECT_EQ(slope(Activation::kLeakyRelu, zero, 100.0f),
              100.0f * static_cast<float>(kLeakyReluSlope));
  }
  EXPECT_EQ(slope(Activation::kRelu, kSubnormal, 3.0f), 3.0f);
}

TEST_P(ActivationTest, OddFunctionsKeepTheSignOfZero) {
  for (const Activation activation :
       {Activation::kLinear, Activation::kTanh, Activation::kLeakyRelu, Activation::kGelu}) {
    EXPECT_TRUE(std::signbit(forward(activation, -0.0f))) << name(activation);
    EXPECT_FALSE(std::signbit(forward(activation, 0.0f))) << name(activation);
  }
}

TEST_P(ActivationTest, SizesAndAlignmentsDoNotShow) {
  const std::vector<float> all = evenly(-9, 9, 1030);
  for (const Activation activation : all_activations()) {
    const std::vector<float> expected_all = forward(activation, all);
    for (const std::int64_t size : kActivationSizes) {
      for (const std::int64_t misalignment : {0, 4, 12, 20}) {
        SCOPED_TRACE(testing::Message() << name(activation) << " " << size << " " << misalignment);
        const std::vector<float> z(all.begin() + 3, all.begin() + 3 + size);
        const GuardedBuffer<float> in(stream(), z, misalignment);
        const GuardedBuffer<float> out(stream(), size, misalignment);
        activation_forward<float>(stream(), {activation, in.vector(), out.vector()});
        EXPECT_TRUE(out.guards_intact());
        const std::vector<float> expected(expected_all.begin() + 3,
                                          expected_all.begin() + 3 + size);
        expect_close(out.download(), expected, kExact);
      }
    }
  }
}

TEST_P(ActivationTest, WorksInPlace) {
  const std::vector<float> z = evenly(-9, 9, 1024);
  const std::vector<float> dy = evenly(3, -2, 1024);
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    const std::vector<float> y = forward(activation, z);
    const GuardedBuffer<float> z_and_y(stream(), z);
    activation_forward<float>(stream(), {activation, z_and_y.vector(), z_and_y.vector()});
    expect_close(z_and_y.download(), y, kExact);

    const GuardedBuffer<float> z_in(stream(), z);
    const GuardedBuffer<float> dy_and_dz(stream(), dy);
    activation_backward<float>(stream(), {activation, z_in.vector(), z_and_y.vector(),
                                          dy_and_dz.vector(), dy_and_dz.vector()});
    expect_close(dy_and_dz.download(), backward(activation, z, y, dy), kExact);
    EXPECT_TRUE(dy_and_dz.guards_intact());
  }
}

TEST_P(ActivationTest, DerivativesFromTheOutputNeedNoPreActivation) {
  const std::vector<float> z = evenly(-9, 9, 100);
  const std::vector<float> dy = evenly(3, -2, 100);
  for (const Activation activation : all_activations()) {
    if (derivative_needs_pre_activation(activation)) continue;
    const GuardedBuffer<float> y(stream(), forward(activation, z));
    const GuardedBuffer<float> dy_in(stream(), dy);
    const GuardedBuffer<float> dz(stream(), y.count());
    activation_backward<float>(stream(), {activation, {}, y.vector(), dy_in.vector(), dz.vector()});
    expect_close(dz.download(), backward(activation, z, y.download(), dy), kExact);
  }
}

TEST_P(ActivationTest, RefusesWhatDoesNotFit) {
  const GuardedBuffer<float> five(stream(), 5);
  const GuardedBuffer<float> six(stream(), 6);
  const auto v5 = five.vector();
  const auto v6 = six.vector();
  const auto forward_op = [&](ActivationForward<float> op) { activation_forward(stream(), op); };
  const auto backward_op = [&](ActivationBackward<float> op) { activation_backward(stream(), op); };
  expect_invalid(
      [&] {
        forward_op({Activation::kRelu, v5, v6});
      },
      {"activation_forward", "z (5,)", "y (6,)"});
  expect_invalid([&] { forward_op({Activation::kNone, v5, v5}); }, {"activation_forward", "none"});
  expect_invalid([&] { forward_op({Activation::kRelu, {nullptr, 5}, v5}); }, {"z (5,)", "no data"});
  expect_invalid(
      [&] {
        forward_op({Activation::kRelu, {v6.data, 5}, {v6.data + 1, 5}});
      },
      {"activation_forward", "y and z share memory"});
  expect_invalid(
      [&] {
        backward_op({Activation::kNone, v5, v5, v5, v5});
      },
      {"activation_backward", "none"});
  expect_invalid(
      [&] {
        backward_op({Activation::kRelu, {}, v5, v6, v5});
      },
      {"activation_backward", "dy (6,)", "y (5,)"});
  expect_invalid(
      [&] {
        backward_op({Activation::kRelu, {}, v5, v5, v6});
      },
      {"activation_backward", "dz (6,)", "y (5,)"});
  expect_invalid(
      [&] {
        backward_op({Activation::kRelu, v6, v5, v5, v5});
      },
      {"activation_backward", "z (6,)", "y (5,)"});
  expect_invalid(
      [&] {
        backward_op({Activation::kGelu, {}, v5, v5, v5});
      },
      {"activation_backward", "gelu", "needs z"});
}

TEST(Activation, DoublesAreAccurate) {
  Stream stream;
  std::vector<double> z;
  for (int i = -6000; i <= 6000; ++i) z.push_back(i * 1e-3);
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    const GuardedBuffer<double> in(stream, z);
    const GuardedBuffer<double> out(stream, in.count());
    activation_forward<double>(stream, {activation, in.vector(), out.vector()});
    EXPECT_TRUE(out.guards_intact());
    std::vector<Real> expected;
    for (const double x : z) expected.push_back(expected_output(activation, x));
    expect_close(out.download(), expected,
                 activation == Activation::kGelu ? kGeluDouble : kActivationDouble);
  }
}

TEST(Activation, DoublesKeepNanAndLimits) {
  Stream stream;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> z = {kNotANumber, -kInfinity, kInfinity, -1e4, 1e4};
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    const GuardedBuffer<double> in(stream, z);
    const GuardedBuffer<double> out(stream, in.count());
    activation_forward<double>(stream, {activation, in.vector(), out.vector()});
    std::vector<Real> expected;
    for (const double x : z) expected.push_back(expected_output(activation, x));
    expect_close(out.download(), expected, kActivationDouble);
  }
}

TEST(Activation, GradientsMatchDifferences) {
  Stream stream;
  for (const Activation activation : all_activations()) {
    std::vector<double> z;
    for (int i = -40; i <= 40; ++i) z.push_back(i * 0.1);  // Among them the kink, 0.
    std::vector<double> dz(z.size());
    std::vector<double> y(z.size());
    const auto count = std::ssize(z);
    const bool kinked = properties(activation).has_kink;
    const GradcheckResult result = expect_gradients({
        .name = std::string(name(activation)),
        .arguments = {{.name = "z", .value = z, .gradient = dz}},
        .forward =
            [&] {
              activation_forward<double>(stream,
                                         {activation, {z.data(), count}, {y.data(), count}});
              return y;
            },
        .backward =
            [&](std::span<const double> dy) {
              activation_backward<double>(stream, {activation,
                                                   {z.data(), count},
                                                   {y.data(), count},
                                                   {dy.data(), count},
                                                   {dz.data(), count}});
            },
        .kinks = kinked ? std::function([&] { return z; }) : nullptr,
    });
    EXPECT_EQ(result.skipped, kinked ? 1 : 0) << name(activation);
    EXPECT_EQ(result.checked + result.skipped, count) << name(activation);
  }
}

// Heap blocks of exactly the right size: a read beyond them is an AddressSanitizer report.
TEST(ActivationSpans, StayWithinTheirMemory) {
  for (const Activation activation : all_activations()) {
    for (std::size_t size = 0; size <= 40; ++size) {
      const std::vector<float> z(size, -0.5f);
      std::vector<float> y(size);
      const std::vector<float> dy(size, 2.0f);
      std::vector<float> dz(size);
      const auto count = static_cast<std::int64_t>(size);
      cpu::activate(activation, z.data(), y.data(), count);
      cpu::activation_gradient(activation, z.data(), y.data(), dy.data(), dz.data(), count);
      EXPECT_EQ(std::ranges::count(y, y.empty() ? 0.0f : y[0]), count) << name(activation);
      EXPECT_EQ(std::ranges::count(dz, dz.empty() ? 0.0f : dz[0]), count) << name(activation);
    }
  }
}

TEST(Activation, ThreadCountsDoNotShow) {
  const std::vector<float> z = evenly(-9, 9, 200003);
  std::vector<std::vector<float>> outputs;
  for (const int threads : {1, 2, 3}) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    const GuardedBuffer<float> in(stream, z);
    const GuardedBuffer<float> out(stream, in.count());
    activation_forward<float>(stream, {Activation::kSigmoid, in.vector(), out.vector()});
    outputs.push_back(out.download());
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(outputs[0], outputs[2]);
}

TEST(Activation, PropertiesAreThoseOfTheFunction) {
  constexpr Real kNearZero = 1e-6L;
  constexpr Real kFarOut = 1e6L;
  for (const Activation activation : all_activations()) {
    const auto slope = [activation](Real z) {
      return expected_slope(activation, z, expected_output(activation, z));
    };
    const ActivationProperties& table = properties(activation);
    EXPECT_EQ(table.has_kink, slope(kNearZero) - slope(-kNearZero) > 0.5L) << table.name;
    EXPECT_EQ(table.can_die, slope(-1) == 0 && expected_output(activation, -1) == 0) << table.name;
    const bool is_flat = slope(-kFarOut) == 0 && slope(kFarOut) == 0;
    ASSERT_EQ(table.saturation.has_value(), is_flat) << table.name;
    if (!is_flat) continue;
    EXPECT_EQ(table.saturation->low, expected_output(activation, -kFarOut)) << table.name;
    EXPECT_EQ(table.saturation->high, expected_output(activation, kFarOut)) << table.name;
  }
}

TEST(Activation, NamesParseBack) {
  for (const Activation activation : all_activations()) {
    EXPECT_EQ(parse_activation(name(activation)), activation);
  }
  EXPECT_EQ(name(Activation::kNone), "none");
  EXPECT_EQ(name(Activation::kLeakyRelu), "leaky_relu");
  EXPECT_EQ(parse_activation("none"), Activation::kNone);
  EXPECT_EQ(parse_activation("Sigmoid"), std::nullopt);
  EXPECT_EQ(parse_activation(""), std::nullopt);
}

}  // namespace
}  // namespace gradvitals::test
