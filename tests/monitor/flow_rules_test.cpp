// Contract: R2, R3 and R19 judge how signals grow or shrink on their way through the layers.
// Oracle: networks whose signals are put in by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "monitor/rules/diagnosis.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

/// Twelve hidden layers, so that no layer falls steeply where the whole depth is at its limits.
Network deep_network(double backward_factor) {
  Network network;
  network.hidden_layers = 12;
  network.backward_gain = std::pow(backward_factor, 1.0 / 11.0);
  return network;
}

/// Weights beside the gradients, so that rms(gradient) / rms(weight) is this in every kernel.
void add_weights(HealthMetrics& metrics, double ratio) {
  const std::vector<TensorRecord> records = metrics.tensors;
  for (const TensorRecord& record : records) {
    if (record.role != Role::kGradient || !record.name.text().ends_with("kernel")) continue;
    metrics.tensors.push_back(
        tensor(record.name.text(), Role::kWeight, record.layer, {record.stats.rms() / ratio}));
  }
}

/// As add_weights(), but for one kernel, whose ratio is `spread` times that of the others.
void add_uneven_weights(HealthMetrics& metrics, double spread) {
  add_weights(metrics, 0.01);
  for (TensorRecord& record : metrics.tensors) {
    if (record.role != Role::kWeight || record.layer != 1) continue;
    record.stats = test::stats_of({record.stats.rms() / spread});
  }
}

// R2

TEST(BackwardFactor, FiresBeyondItsLimitsInEachDirection) {
  const auto expect = [](double factor, Severity severity, Verdict verdict) {
    const Diagnosis diagnosis = diagnose(deep_network(factor).metrics());
    EXPECT_EQ(severity_of(diagnosis, RuleId::kBackwardFactor), severity) << factor;
    EXPECT_EQ(diagnosis.verdict, verdict) << factor;
  };
  const Limits low = kLimits.backward_factor_low;
  const Limits high = kLimits.backward_factor_high;
  expect(low.warning * 1.001, kOk, Verdict::kHealthy);
  expect(low.warning * 0.999, kWarning, Verdict::kVanishing);
  expect(low.critical * 1.001, kWarning, Verdict::kVanishing);
  expect(low.critical * 0.999, kCritical, Verdict::kVanishing);
  expect(high.warning * 0.999, kOk, Verdict::kHealthy);
  expect(high.warning * 1.001, kWarning, Verdict::kExploding);
  expect(high.critical * 0.999, kWarning, Verdict::kExploding);
  expect(high.critical * 1.001, kCritical, Verdict::kExploding);
}

TEST(BackwardFactor, WhereAdamIsUnlikelyToTrainItAdamIsNotAdvised) {
  const auto last_advice = [](double factor) {
    return diagnose(deep_network(factor).metrics()).findings.front().advice.back();
  };
  const Limits low = kLimits.backward_factor_low;
  EXPECT_NE(last_advice(low.critical * 1.001).find("Adam"), std::string::npos);
  EXPECT_EQ(last_advice(low.critical * 0.999), "Use fewer layers");
}

TEST(BackwardFactor, AtALimitHasNotCrossedIt) {
  const HealthMetrics metrics = deep_network(0.9).metrics();
  const double factor = vital_signs(metrics, {}).oxygen.backward_factor.value();
  const auto severity_with = [&](Limits Thresholds::*which, Limits limits) {
    Thresholds thresholds;
    thresholds.*which = limits;
    return severity_of(diagnose(metrics, thresholds), RuleId::kBackwardFactor);
  };
  const double above = std::nextafter(factor, kInf), below = std::nextafter(factor, 0.0);
  EXPECT_EQ(severity_with(&Thresholds::backward_factor_low, {factor, 0.0}), kOk);
  EXPECT_EQ(severity_with(&Thresholds::backward_factor_low, {above, factor}), kWarning);
  EXPECT_EQ(severity_with(&Thresholds::backward_factor_low, {above, above}), kCritical);
  EXPECT_EQ(severity_with(&Thresholds::backward_factor_high, {factor, kInf}), kOk);
  EXPECT_EQ(severity_with(&Thresholds::backward_factor_high, {below, factor}), kWarning);
  EXPECT_EQ(severity_with(&Thresholds::backward_factor_high, {below, below}), kCritical);
}

TEST(BackwardFactor, WarnsEarlierWhereLayersMoveUnevenly) {
  const auto severity_at = [](double factor, double spread) {
    HealthMetrics metrics = deep_network(factor).metrics();
    add_uneven_weights(metrics, spread);
    return severity_of(diagnose(metrics), RuleId::kBackwardFactor);
  };
  const double factor = kLimits.uneven_backward_factor, spread = kLimits.uneven_spread;
  EXPECT_EQ(severity_at(factor * 0.999, spread * 0.999), kWarning);
  EXPECT_EQ(severity_at(factor * 1.001, spread * 0.999), kOk);
  EXPECT_EQ(severity_at(factor * 0.999, spread * 1.001), kOk);
}

/// Four hidden layers: B is the cube of what one hands on.
Network steep_network(double factor_per_layer, double forward_gain) {
  Network network;
  network.backward_gain = factor_per_layer;
  network.forward_gain = forward_gain;
  return network;
}

TEST(BackwardFactor, WarnsEarlierWhereEachLayerHandsOnLittle) {
  const double per_layer = kLimits.steep_factor_per_layer;
  ASSERT_LT(std::pow(per_layer, 3), kLimits.steep_backward_factor);
  ASSERT_GT(std::pow(per_layer, 3), kLimits.backward_factor_low.warning);
  const auto severity_at = [](double factor, double forward_gain) {
    return severity_of(diagnose(steep_network(factor, forward_gain).metrics()),
                       RuleId::kBackwardFactor);
  };
  EXPECT_EQ(severity_at(per_layer * 0.999, 1.0), kWarning);
  EXPECT_EQ(severity_at(per_layer * 1.001, 1.0), kOk);
  // Small weights shrink activations as well, and a larger learning rate trains them.
  EXPECT_EQ(severity_at(per_layer * 0.999, kLimits.shrinking_forward_gain * 0.999), kOk);
  EXPECT_EQ(severity_at(per_layer * 0.999, kLimits.shrinking_forward_gain * 1.001), kWarning);
}

TEST(BackwardFactor, OfTwoLayersIsJudgedByItsOwnLimit) {
  Network network;
  network.hidden_layers = 2;  // B is what one layer hands on.
  network.backward_gain = kLimits.steep_backward_factor * 1.001;
  EXPECT_EQ(severity_of(diagnose(network.metrics()), RuleId::kBackwardFactor), kOk);
  network.backward_gain = kLimits.steep_backward_factor * 0.999;
  EXPECT_EQ(severity_of(diagnose(network.metrics()), RuleId::kBackwardFactor), kWarning);
}

TEST(BackwardFactor, GrowsWithoutHarmWhereGradientsAreSmallBesideTheWeights) {
  Network trained = deep_network(kLimits.backward_factor_high.critical * 3);
  const auto severity_at = [&](double ratio) {
    HealthMetrics metrics = trained.metrics();
    add_weights(metrics, ratio);
    return severity_of(diagnose(metrics), RuleId::kBackwardFactor);
  };
  EXPECT_EQ(severity_at(kLimits.moving_gradient_to_weight * 0.999), kOk);
  EXPECT_EQ(severity_at(kLimits.moving_gradient_to_weight * 1.001), kCritical);
  trained.forward_gain = kLimits.forward_gain_high.warning * 1.001;
  EXPECT_EQ(severity_at(kLimits.moving_gradient_to_weight * 0.999), kCritical);
}

TEST(BackwardFactor, ReadsWell) {
  Network network = steep_network(0.235, 0.99);
  network.hidden = Activation::kSigmoid;
  const Finding shrinking = finding_of(diagnose(network.metrics()), RuleId::kBackwardFactor);
  EXPECT_EQ(shrinking.text,
            "Backward factor over 4 hidden layers is 0.013: gradients shrink 77.1x on their way to "
            "the first, 4.3x per layer; SGD hardly reaches the first layers, Adam may.");
  EXPECT_EQ(shrinking.threshold, kLimits.steep_backward_factor);
  EXPECT_EQ(shrinking.tensor, "");
  EXPECT_NE(shrinking.advice.front().find("sigmoid"), std::string::npos);
  EXPECT_NE(finding_of(diagnose(deep_network(1e-9).metrics()), RuleId::kBackwardFactor)
                .text.find("nor Adam"),
            std::string::npos);
  const Finding growing =
      finding_of(diagnose(deep_network(1e4).metrics()), RuleId::kBackwardFactor);
  EXPECT_NE(growing.text.find("gradients grow 1.0e+04x"), std::string::npos) << growing.text;
}

TEST(BackwardFactor, AdviceForReluDoesNotRecommendRelu) {
  const Diagnosis diagnosis = diagnose(deep_network(1e-4).metrics());
  EXPECT_EQ(finding_of(diagnosis, RuleId::kBackwardFactor).advice.front().find("Replace"),
            std::string::npos);
}

TEST(BackwardFactor, TheHeadsActivationIsNotAHiddenLayers) {
  Network network = deep_network(1e-4);
  network.head = Activation::kSigmoid;
  const Diagnosis diagnosis = diagnose(network.metrics());
  for (const std::string& advice : finding_of(diagnosis, RuleId::kBackwardFactor).advice) {
    EXPECT_EQ(advice.find("sigmoid"), std::string::npos) << advice;
  }
}

// R2 from names alone

/// Kernels of six blocks whose gradient norms fall by the same factor towards the first.
HealthMetrics blocks(double factor) {
  std::vector<TensorRecord> records;
  for (int block = 0; block < 6; ++block) {
    const double norm = 0.01 * std::pow(factor, (5 - block) / 5.0);
    for (const char* kernel : {".attn.weight", ".mlp.weight"}) {
      TensorRecord record =
          gradient("h." + std::to_string(block) + kernel, {norm, norm, norm, norm});
      record.rank = 2;
      record.rows = record.cols = 2;
      record.unit_axis = UnitAxis::kRows;
      records.push_back(std::move(record));
    }
  }
  return metrics_of(std::move(records));
}

TEST(BlockFactor, StandsInWhereLayersAreKnownFromNamesAlone) {
  const auto severity_at = [](double factor) {
    return severity_of(diagnose(blocks(factor)), RuleId::kBackwardFactor);
  };
  EXPECT_EQ(severity_at(kLimits.backward_factor_low.warning * 1.001), kOk);
  EXPECT_EQ(severity_at(kLimits.backward_factor_low.warning * 0.999), kWarning);
  EXPECT_EQ(severity_at(kLimits.backward_factor_high.warning * 0.999), kOk);
  EXPECT_EQ(severity_at(kLimits.backward_factor_high.warning * 1.001), kWarning);
  EXPECT_NE(finding_of(diagnose(blocks(1e-4)), RuleId::kBackwardFactor).text.find("6 alike blocks"),
            std::string::npos);
}

// R3: where nothing is known of gradients; beside a healthy B it informs.

Network without_deltas(HealthMetrics& metrics, double forward_gain) {
  Network network;
  network.forward_gain = forward_gain;
  metrics = network.metrics();
  std::erase_if(metrics.tensors, [](const TensorRecord& t) { return t.role == Role::kDelta; });
  return network;
}

TEST(ForwardGain, FiresBeyondItsLimitsWhereNoDeltaIsKnown) {
  const auto severity_at = [](double gain) {
    HealthMetrics metrics;
    without_deltas(metrics, gain);
    return severity_of(diagnose(metrics), RuleId::kForwardGain);
  };
  EXPECT_EQ(severity_at(kLimits.forward_gain_low.warning * 1.001), kOk);
  EXPECT_EQ(severity_at(kLimits.forward_gain_low.warning * 0.999), kWarning);
  EXPECT_EQ(severity_at(kLimits.forward_gain_low.critical * 0.999), kCritical);
  EXPECT_EQ(severity_at(kLimits.forward_gain_high.warning * 0.999), kOk);
  EXPECT_EQ(severity_at(kLimits.forward_gain_high.warning * 1.001), kWarning);
  EXPECT_EQ(severity_at(kLimits.forward_gain_high.critical * 1.001), kCritical);
}

TEST(ForwardGain, OnlyInformsBesideAHealthyBackwardFactor) {
  Network network;
  network.forward_gain = kLimits.forward_gain_high.critical * 2;
  const Diagnosis diagnosis = diagnose(network.metrics());
  EXPECT_EQ(fired(diagnosis), "R3");
  EXPECT_EQ(diagnosis.severity, kInfo);
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
  EXPECT_EQ(diagnosis.findings.front().text,
            "Forward gain per hidden layer is 20: activations grow 20.0x per layer towards the "
            "output.");
}

// R19

HealthMetrics chain_with_weights(double spread) {
  std::vector<TensorRecord> records;
  for (const int layer : {0, 2, 4, 6}) {
    const std::string name = std::to_string(layer) + ".weight";
    TensorRecord record = gradient(name, {0.01, 0.01, 0.01, 0.01});
    record.rank = 2;
    record.rows = record.cols = 2;
    record.unit_axis = UnitAxis::kRows;
    records.push_back(record);
    // The head's ratio belongs to the loss: it counts neither way.
    const double weight = layer == 6 ? 1e-5 : layer == 0 ? 1.0 / spread : 1.0;
    records.push_back(tensor(name, Role::kWeight, -1, {weight}));
  }
  return metrics_of(std::move(records));
}

TEST(GradientSpread, FiresBelowItsLimitsWhereBIsNotKnown) {
  Thresholds thresholds;
  thresholds.gradient_to_weight = {kInf, kInf};
  const auto severity_at = [&](double spread) {
    return severity_of(diagnose(chain_with_weights(spread), thresholds), RuleId::kGradientSpread);
  };
  EXPECT_EQ(severity_at(kLimits.gradient_spread.warning * 1.001), kOk);
  EXPECT_EQ(severity_at(kLimits.gradient_spread.warning * 0.999), kWarning);
  EXPECT_EQ(severity_at(kLimits.gradient_spread.critical * 1.001), kWarning);
  EXPECT_EQ(severity_at(kLimits.gradient_spread.critical * 0.999), kCritical);
  EXPECT_EQ(diagnose(chain_with_weights(1e-6), thresholds).verdict, Verdict::kVanishing);
}

TEST(GradientSpread, IsSilentWhereBIsKnown) {
  HealthMetrics metrics = Network{}.metrics();
  add_uneven_weights(metrics, kLimits.gradient_spread.critical / 2);
  EXPECT_EQ(severity_of(diagnose(metrics), RuleId::kGradientSpread), kOk);
}

}  // namespace
}  // namespace gradvitals::test
