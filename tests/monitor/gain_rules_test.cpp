// Contract: R2 and R3 judge the gains in both directions.
// Oracle: networks whose gains are put in by hand.
#include "monitor/rules/diagnosis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals {
namespace {

using test::finding_of;
using test::fired;
using test::kInf;
using test::Network;
using test::severity_of;

constexpr auto kOk = Severity::kOk;
constexpr auto kWarning = Severity::kWarning;
constexpr auto kCritical = Severity::kCritical;

// R2 and R3: gains come out of a logarithm, so the limit is put where the gain is.

struct GainCase {
  std::string rule;
  double Network::*gain;
  std::optional<double> Oxygen::*sign;
  Limits Thresholds::*low;
  Limits Thresholds::*high;
};

const GainCase kGainCases[] = {{"R2", &Network::backward_gain, &Oxygen::backward_gain,
                                &Thresholds::backward_gain_low, &Thresholds::backward_gain_high},
                               {"R3", &Network::forward_gain, &Oxygen::forward_gain,
                                &Thresholds::forward_gain_low, &Thresholds::forward_gain_high}};

/// R3 is judged where no delta is known: beside a healthy backward gain it speaks more softly.
HealthMetrics metrics_for(const GainCase& c, const Network& network) {
  HealthMetrics metrics = network.metrics();
  if (c.rule == "R3") {
    std::erase_if(metrics.tensors, [](const TensorRecord& t) { return t.role == Role::kDelta; });
  }
  return metrics;
}

TEST(Gains, FireBeyondTheirDefaultLimitsInEachDirection) {
  for (const GainCase& c : kGainCases) {
    const Thresholds defaults;
    const auto diagnosis_at = [&](double gain) {
      Network network;
      network.*c.gain = gain;
      return diagnose(metrics_for(c, network));
    };
    const auto expect = [&](double gain, Severity severity, Verdict verdict) {
      const Diagnosis diagnosis = diagnosis_at(gain);
      EXPECT_EQ(fired(diagnosis), severity == kOk ? "" : c.rule) << gain;
      EXPECT_EQ(diagnosis.severity, severity) << c.rule << ' ' << gain;
      EXPECT_EQ(diagnosis.verdict, verdict) << c.rule << ' ' << gain;
    };
    const Limits low = defaults.*c.low;
    const Limits high = defaults.*c.high;
    expect(low.warning * 1.001, kOk, Verdict::kHealthy);
    expect(low.warning * 0.999, kWarning, Verdict::kVanishing);
    expect(low.critical * 1.001, kWarning, Verdict::kVanishing);
    expect(low.critical * 0.999, kCritical, Verdict::kVanishing);
    expect(high.warning * 0.999, kOk, Verdict::kHealthy);
    expect(high.warning * 1.001, kWarning, Verdict::kExploding);
    expect(high.critical * 0.999, kWarning, Verdict::kExploding);
    expect(high.critical * 1.001, kCritical, Verdict::kExploding);
  }
}

TEST(Gains, AtALimitHaveNotCrossedIt) {
  for (const GainCase& c : kGainCases) {
    const HealthMetrics metrics = metrics_for(c, Network{});
    const double gain = (vital_signs(metrics, {}).oxygen.*c.sign).value();
    const auto severity_with = [&](Limits Thresholds::*which, Limits limits) {
      Thresholds thresholds;
      thresholds.*which = limits;
      return severity_of(diagnose(metrics, thresholds), c.rule);
    };
    const double above = std::nextafter(gain, kInf);
    const double below = std::nextafter(gain, 0.0);
    EXPECT_EQ(severity_with(c.low, {gain, 0.0}), kOk);
    EXPECT_EQ(severity_with(c.low, {above, gain}), kWarning);
    EXPECT_EQ(severity_with(c.low, {above, above}), kCritical);
    EXPECT_EQ(severity_with(c.high, {gain, kInf}), kOk);
    EXPECT_EQ(severity_with(c.high, {below, gain}), kWarning);
    EXPECT_EQ(severity_with(c.high, {below, below}), kCritical);
  }
}

TEST(Gains, ReadWell) {
  Network network;
  network.backward_gain = 0.235;
  network.hidden = Activation::kSigmoid;
  const Finding shrinking = finding_of(diagnose(network.metrics()), "R2");
  EXPECT_EQ(shrinking.text,
            "Backward gain per hidden layer is 0.235: gradients shrink 4.3x per layer towards the "
            "input.");
  EXPECT_EQ(shrinking.threshold, 0.3);
  EXPECT_EQ(shrinking.tensor, "");
  EXPECT_NE(shrinking.advice.front().find("sigmoid"), std::string::npos);

  network = Network{};
  network.forward_gain = 16.0;
  EXPECT_EQ(finding_of(diagnose(network.metrics()), "R3").text,
            "Forward gain per hidden layer is 16: activations grow 16.0x per layer towards the "
            "output.");
}

TEST(Gains, AdviceForReluDoesNotRecommendRelu) {
  Network network;
  network.backward_gain = 0.2;
  EXPECT_EQ(finding_of(diagnose(network.metrics()), "R2").advice.front().find("Replace"),
            std::string::npos);
}

TEST(Gains, TheHeadsActivationIsNotAHiddenLayers) {
  Network network;
  network.backward_gain = 0.2;
  network.head = Activation::kSigmoid;
  const Diagnosis diagnosis = diagnose(network.metrics());
  for (const std::string& advice : finding_of(diagnosis, "R2").advice) {
    EXPECT_EQ(advice.find("sigmoid"), std::string::npos) << advice;
  }
}

}  // namespace
}  // namespace gradvitals
