// Contract: blood pressure and oxygen from metrics; what cannot be computed is empty and unknown.
// Oracle: networks whose gains are put in by hand.
// Tolerance: rounded() over the logarithms, the exponential and the fixture's powers.
#include "monitor/metrics/vital_signs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/monitor/health_fixtures.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

// log() of up to 1e3 in magnitude keeps 1e-16 * 1e3 / (H-1) of the gain; the fixture's pow() is
// right to a unit in the last place.
constexpr test::Tolerance kGain = test::rounded<double>(4000);

VitalSigns signs_of(const HealthMetrics& metrics) {
  return vital_signs(metrics, Thresholds{});
}

TensorRecord delta(int layer, std::vector<double> values) {
  return test::tensor("delta", Role::kDelta, layer, std::move(values));
}

TEST(Oxygen, GainsAreThoseOfTheHiddenLayers) {
  for (const int hidden_layers : {3, 4, 30}) {
    Network network;
    network.hidden_layers = hidden_layers;
    network.backward_gain = 0.235;
    network.forward_gain = 1.5;
    const Oxygen oxygen = signs_of(network.metrics()).oxygen;
    ASSERT_TRUE(oxygen.backward_gain && oxygen.forward_gain) << hidden_layers;
    expect_close(*oxygen.backward_gain, 0.235, kGain);
    expect_close(*oxygen.forward_gain, 1.5, kGain);
  }
}

TEST(Oxygen, TheHeadsDeltaIsLeftOut) {
  const auto with_head = [](double head) {
    return signs_of(
               metrics_of({delta(0, {1.0}), delta(1, {2.0}), delta(2, {4.0}), delta(3, {head})}))
        .oxygen.backward_gain.value();
  };
  expect_close(with_head(1e9), 0.5, kGain);
  EXPECT_EQ(with_head(1e9), with_head(1e-9));
}

TEST(Oxygen, LayersWithoutAViewCountAsLayers) {
  // Pre-activations are kept where the derivative needs them: here in every second layer.
  const auto z = [](int layer, double value) {
    return test::tensor("z", Role::kPreActivation, layer, {value});
  };
  const HealthMetrics metrics = metrics_of(
      {z(0, 1.0), z(2, 9.0), delta(0, {1.0}), delta(1, {2.0}), delta(4, {16.0}), delta(5, {1.0})});
  const Oxygen oxygen = signs_of(metrics).oxygen;
  expect_close(oxygen.forward_gain.value(), 3.0, kGain);
  expect_close(oxygen.backward_gain.value(), 0.5, kGain);
}

TEST(Oxygen, GainsAreNullWithFewerThanThreeHiddenLayers) {
  Network network;
  network.hidden_layers = 2;
  const Oxygen oxygen = signs_of(network.metrics()).oxygen;
  EXPECT_FALSE(oxygen.backward_gain.has_value());
  EXPECT_FALSE(oxygen.forward_gain.has_value());
  EXPECT_TRUE(oxygen.backward_factor.has_value());
}

TEST(Oxygen, BackwardFactorIsOfNormsSoThatWidthsCancel) {
  // Four units of 0.5 have the norm of one unit of 1.
  const auto delta_of = [](int layer, std::vector<double> values) {
    return test::tensor("delta", Role::kDelta, layer, std::move(values));
  };
  const Oxygen oxygen = signs_of(metrics_of({delta_of(0, {0.5, 0.5, 0.5, 0.5}), delta_of(1, {1.0}),
                                             delta_of(2, {7.0})}))
                            .oxygen;
  expect_close(oxygen.backward_factor.value(), 1.0, kGain);
  EXPECT_EQ(oxygen.hidden_layers, 2);
}

TEST(Oxygen, WaysSideBySideCountAsOneTensorALayer) {
  // A trunk, and two ways on from it whose deltas have the norm of one with elements 3 and 4.
  const auto at = [](const char* name, Role role, int layer, std::vector<double> values) {
    return test::tensor(name, role, layer, std::move(values));
  };
  const Oxygen oxygen =
      signs_of(
          metrics_of({at("trunk", Role::kDelta, 0, {10.0}), at("stem", Role::kDelta, 1, {8.0}),
                      at("actor", Role::kDelta, 2, {3.0}), at("critic", Role::kDelta, 2, {4.0}),
                      at("policy", Role::kDelta, 3, {7.0}), at("value", Role::kDelta, 3, {7.0})}))
          .oxygen;
  expect_close(oxygen.backward_factor.value(), 2.0, kGain);
  expect_close(oxygen.backward_gain.value(), std::sqrt(10.0 / std::sqrt(12.5)), kGain);
}

TEST(Oxygen, OrderOfTheViewsDoesNotMatter) {
  HealthMetrics metrics = Network{}.metrics();
  const Oxygen in_order = signs_of(metrics).oxygen;
  std::ranges::reverse(metrics.tensors);
  EXPECT_EQ(signs_of(metrics).oxygen.backward_gain, in_order.backward_gain);
  EXPECT_EQ(signs_of(metrics).oxygen.forward_gain, in_order.forward_gain);
}

TEST(Oxygen, TensorsWithoutALayerDoNotCount) {
  EXPECT_FALSE(
      signs_of(metrics_of({delta(-1, {1.0}), delta(0, {1.0}), delta(1, {1.0}), delta(2, {1.0})}))
          .oxygen.backward_gain.has_value());
}

TEST(Oxygen, AGainFromAnExactZeroIsNull) {
  const auto gain = [](double first, double last) {
    return signs_of(
               metrics_of({delta(0, {first}), delta(1, {1.0}), delta(2, {last}), delta(3, {1.0})}))
        .oxygen.backward_gain;
  };
  EXPECT_TRUE(gain(1.0, 1.0).has_value());
  EXPECT_FALSE(gain(0.0, 1.0).has_value());
  EXPECT_FALSE(gain(1.0, 0.0).has_value());
  EXPECT_FALSE(gain(kNaN, 1.0).has_value());  // Nothing finite is left.
}

TEST(Oxygen, AGainIsOfTheFinitePart) {
  const Oxygen oxygen = signs_of(metrics_of({delta(0, {0.25, kNaN}), delta(1, {0.5}),
                                             delta(2, {1.0}), delta(3, {1.0})}))
                            .oxygen;
  ASSERT_TRUE(oxygen.backward_gain.has_value());
  expect_close(*oxygen.backward_gain, 0.5, kGain);
}

TEST(Oxygen, GainsSurviveARatioOutsideOfFloat64) {
  HealthMetrics metrics =
      metrics_of({delta(0, {1e-150}), delta(1, {1.0}), delta(2, {1e150}), delta(3, {1.0})});
  metrics.tensors[0].stats.sum_squares = 1.0;  // 2^-1000, whose square has no float64
  metrics.tensors[0].stats.scale_exponent = -1000;
  metrics.tensors[2].stats.sum_squares = 1.0;
  metrics.tensors[2].stats.scale_exponent = 1000;
  const Oxygen oxygen = signs_of(metrics).oxygen;
  ASSERT_TRUE(oxygen.backward_gain.has_value());
  expect_close(*oxygen.backward_gain, std::ldexp(1.0, -1000), kGain);
}

TEST(Oxygen, StatusIsThatOfTheBackwardFactorThenOfTheForwardGain) {
  const Thresholds limits;
  const auto status = [](double backward_factor, double forward_gain) {
    Network network;
    network.hidden_layers = 12;
    network.backward_gain = std::pow(backward_factor, 1.0 / 11.0);
    network.forward_gain = forward_gain;
    return signs_of(network.metrics()).oxygen.status;
  };
  EXPECT_EQ(status(0.5, 0.7), VitalStatus::kNormal);
  EXPECT_EQ(status(limits.backward_factor_low.warning * 0.99, 0.7), VitalStatus::kLow);
  EXPECT_EQ(status(limits.backward_factor_high.warning * 1.01, 0.7), VitalStatus::kHigh);
  EXPECT_EQ(status(0.5, limits.forward_gain_high.critical * 2), VitalStatus::kNormal);
}

TEST(Oxygen, StatusWithoutDeltasIsTheForwardGains) {
  Network network;
  network.forward_gain = 16.0;
  HealthMetrics metrics = network.metrics();
  std::erase_if(metrics.tensors, [](const TensorRecord& t) { return t.role == Role::kDelta; });
  EXPECT_EQ(signs_of(metrics).oxygen.status, VitalStatus::kHigh);
}

TEST(Oxygen, FractionsAreOfTheWorstLayer) {
  HealthMetrics metrics;
  for (const std::int64_t dead : {1, 5, 3}) {
    metrics.units.push_back(test::units(0, Activation::kRelu, false, 10, 10));
    metrics.units.back().dead_unit_count = dead;
    metrics.units.push_back(test::units(0, Activation::kTanh, false, 10, 10));
    metrics.units.back().saturated_count = 7 * dead;
  }
  const Oxygen oxygen = signs_of(metrics).oxygen;
  EXPECT_EQ(oxygen.dead_unit_fraction, 0.5);
  EXPECT_EQ(oxygen.saturation_fraction, 0.35);
}

TEST(Oxygen, FractionsAreNullWithoutSuchLayers) {
  const Oxygen oxygen = signs_of(HealthMetrics{}).oxygen;
  EXPECT_FALSE(oxygen.dead_unit_fraction.has_value());
  EXPECT_FALSE(oxygen.saturation_fraction.has_value());
}

TEST(BloodPressure, IsTheRangeOfNonzeroNorms) {
  const BloodPressure sign =
      signs_of(metrics_of({gradient("a", {0.0}), gradient("b", {0.5}), gradient("c", {4.0})}))
          .blood_pressure;
  EXPECT_EQ(sign.range_ratio, 8.0);
  EXPECT_EQ(sign.status, VitalStatus::kNormal);
}

TEST(BloodPressure, IsKnownFromNormsAlone) {
  const BloodPressure sign =
      signs_of(metrics_from_norms(std::vector{1e-3, 100.0, kNaN})).blood_pressure;
  ASSERT_TRUE(sign.range_ratio.has_value());
  expect_close(*sign.range_ratio, 1e5, kGain);
  EXPECT_EQ(sign.status, VitalStatus::kHigh);
}

TEST(BloodPressure, OfZerosAloneIsUnknown) {
  const BloodPressure sign =
      signs_of(metrics_of({gradient("a", {0.0}), gradient("b", {0.0})})).blood_pressure;
  EXPECT_FALSE(sign.range_ratio.has_value());
  EXPECT_EQ(sign.status, VitalStatus::kUnknown);
}

TEST(VitalSigns, OfOneVisitKnowNeitherHeartRateNorTemperature) {
  const VitalSigns signs = signs_of(Network{}.metrics());
  EXPECT_FALSE(signs.heart_rate.log_norm_mad.has_value());
  EXPECT_FALSE(signs.heart_rate.spikes.has_value());
  EXPECT_EQ(signs.heart_rate.status, VitalStatus::kUnknown);
  EXPECT_FALSE(signs.temperature.update_to_weight_ratio.has_value());
  EXPECT_EQ(signs.temperature.status, VitalStatus::kUnknown);
}

TEST(Temperature, IsThatOfTheKernelThatMovesMost) {
  const auto weight = [](const char* name, std::vector<double> values) {
    TensorRecord record = test::tensor(name, Role::kWeight, 0, std::move(values));
    record.rank = 2;
    return record;
  };
  const auto update = [](const char* name, std::vector<double> values) {
    return test::tensor(name, Role::kUpdate, 0, std::move(values));
  };
  const auto sign = [&](std::vector<TensorRecord> tensors) {
    return signs_of(metrics_of(std::move(tensors))).temperature;
  };
  const Temperature normal = sign({weight("a", {3, 4}), update("a", {0.03, 0.04}),
                                   weight("b", {1, 0}), update("b", {0.05, 0})});
  expect_close(normal.update_to_weight_ratio.value(), 0.05, kGain);
  EXPECT_EQ(normal.status, VitalStatus::kNormal);
  EXPECT_EQ(sign({weight("a", {1}), update("a", {0.2})}).status, VitalStatus::kHigh);
  EXPECT_EQ(sign({weight("a", {1}), update("a", {1e-6})}).status, VitalStatus::kLow);
  // No update, no weight, a weight of zeros, an update that is not finite: nothing to tell.
  for (const auto& tensors : {std::vector{weight("a", {1})}, std::vector{update("a", {1})},
                              std::vector{weight("a", {0}), update("a", {1})},
                              std::vector{weight("a", {1}), update("a", {kNaN})}}) {
    EXPECT_EQ(sign(tensors).status, VitalStatus::kUnknown);
  }
}

TEST(VitalStatus, HasANameEach) {
  EXPECT_EQ(name(VitalStatus::kUnknown), "unknown");
  EXPECT_EQ(name(VitalStatus::kLow), "low");
  EXPECT_EQ(name(VitalStatus::kNormal), "normal");
  EXPECT_EQ(name(VitalStatus::kHigh), "high");
}

}  // namespace
}  // namespace gradvitals::test
