// Contract: every rule of docs/rules.md fires beyond its limit and nowhere else.
// Oracle: metrics made by hand, just inside, at and just beyond each limit.
// Tolerance: none. sqrt(x * x) is |x| in IEEE arithmetic, so a tensor of one element has exactly
// the norm that a test asks for.
#include "monitor/rules/rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals {
namespace {

using test::finding_of;
using test::fired;
using test::gradient;
using test::kInf;
using test::kNaN;
using test::metrics_of;
using test::missing_gradient;
using test::Network;
using test::tensor;

Severity severity_of(const Diagnosis& diagnosis, const std::string& rule) {
  Severity worst = Severity::kOk;
  for (const Finding& finding : diagnosis.findings) {
    if (finding.rule == rule) worst = std::max(worst, finding.severity);
  }
  return worst;
}

// A limit on a magnitude, as a family of metrics that differ in the judged value alone.

struct Boundary {
  std::string name;
  std::string rule;
  std::function<HealthMetrics(double)> metrics;
  double limit;
  bool fires_above;
  Severity inside;
  Severity outside;
  Thresholds thresholds = {};
};

void PrintTo(const Boundary& boundary, std::ostream* out) {
  *out << boundary.name;
}

class RuleBoundary : public ::testing::TestWithParam<Boundary> {
 protected:
  Diagnosis diagnosis_at(double value) const {
    return diagnose(GetParam().metrics(value), GetParam().thresholds);
  }
  Severity severity_at(double value) const {
    return severity_of(diagnosis_at(value), GetParam().rule);
  }
};

TEST_P(RuleBoundary, IsCrossedStrictly) {
  const Boundary& boundary = GetParam();
  const double towards_inside = boundary.fires_above ? -kInf : kInf;
  EXPECT_EQ(severity_at(std::nextafter(boundary.limit, towards_inside)), boundary.inside);
  EXPECT_EQ(severity_at(boundary.limit), boundary.inside);
  EXPECT_EQ(severity_at(std::nextafter(boundary.limit, -towards_inside)), boundary.outside);
}

TEST_P(RuleBoundary, ReportsValueLimitAndAdvice) {
  const Boundary& boundary = GetParam();
  const double outside = boundary.limit * (boundary.fires_above ? 1.25 : 0.75);
  const Diagnosis diagnosis = diagnosis_at(outside);
  const Finding& finding = finding_of(diagnosis, boundary.rule);
  EXPECT_EQ(finding.value, outside);
  EXPECT_EQ(finding.threshold, boundary.limit);
  EXPECT_TRUE(finding.text.ends_with('.')) << finding.text;
  EXPECT_GE(finding.advice.size(), 2u);
  EXPECT_LE(finding.advice.size(), 3u);
}

TEST_P(RuleBoundary, NaNIsNonFiniteAndNothingElse) {
  const Diagnosis diagnosis = diagnosis_at(kNaN);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(fired(diagnosis), "R1");
}

HealthMetrics one_tensor(double value) {
  return metrics_of({gradient("w", {value})});
}

HealthMetrics one_norm(double value) {
  return metrics_from_norms(std::vector{value});
}

constexpr double kSmall = 0x1p-14;  // A power of two: ratios to it are exact.

HealthMetrics tensor_range(double ratio) {
  return metrics_of({gradient("a", {kSmall}), gradient("b", {kSmall * ratio})});
}

HealthMetrics norm_range(double ratio) {
  return metrics_from_norms(std::vector{kSmall, kSmall * ratio});
}

/// The rms twin alone, on the one tensor whose rms is known to the last bit.
constexpr Thresholds kRmsAlone{.vanished_norm = 0.0, .complete_failure_norm = 0.0};

constexpr auto kOk = Severity::kOk;
constexpr auto kWarning = Severity::kWarning;
constexpr auto kCritical = Severity::kCritical;

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleBoundary,
    ::testing::Values(
        Boundary{"R4Norm", "R4", one_tensor, 1e-6, false, kOk, kCritical},
        Boundary{"R4NormAlone", "R4", one_norm, 1e-6, false, kOk, kCritical},
        Boundary{"R4Rms", "R4", one_tensor, 1e-7, false, kOk, kCritical, kRmsAlone},
        Boundary{"R6", "R6", one_tensor, 1e-5, false, kOk, kCritical},
        Boundary{"R6NormAlone", "R6", one_norm, 1e-5, false, kOk, kCritical},
        Boundary{"R8Warning", "R8", one_tensor, 10.0, true, kOk, kWarning},
        Boundary{"R8Critical", "R8", one_tensor, 100.0, true, kWarning, kCritical},
        Boundary{"R8WarningNormAlone", "R8", one_norm, 10.0, true, kOk, kWarning},
        Boundary{"R8CriticalNormAlone", "R8", one_norm, 100.0, true, kWarning, kCritical},
        Boundary{"R9Warning", "R9", tensor_range, 1e4, true, kOk, kWarning},
        Boundary{"R9Critical", "R9", tensor_range, 1e5, true, kWarning, kCritical},
        Boundary{"R9WarningNormAlone", "R9", norm_range, 1e4, true, kOk, kWarning},
        Boundary{"R9CriticalNormAlone", "R9", norm_range, 1e5, true, kWarning, kCritical}),
    [](const auto& boundary) { return boundary.param.name; });

// R1

TEST(NonFinite, IsFoundInEveryRole) {
  for (const Role role :
       {Role::kGradient, Role::kWeight, Role::kPreActivation, Role::kOutput, Role::kDelta}) {
    for (const double value : {kNaN, kInf, -kInf}) {
      HealthMetrics metrics = Network{}.metrics();
      metrics.tensors.push_back(tensor("sick", role, 2, {0.1, 0.2, value}));
      const Diagnosis diagnosis = diagnose(metrics);
      EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite) << name(role) << value;
      EXPECT_EQ(diagnosis.severity, kCritical);
      const Finding& finding = finding_of(diagnosis, "R1");
      EXPECT_EQ(finding.tensor, "sick");
      EXPECT_EQ(finding.layer, 2);
      EXPECT_EQ(finding.value, 1.0);
      EXPECT_EQ(finding.threshold, 0.0);
      EXPECT_NE(finding.text.find("first at index 2"), std::string::npos) << finding.text;
    }
  }
}

TEST(NonFinite, NamesTheEarliestInTapeOrder) {
  // Whatever the order of the views: forward from the input side, each layer's weight before its z
  // before its output, then the loss, then backward from the output side.
  std::vector<TensorRecord> in_order{
      tensor("z0", Role::kPreActivation, 0, {kNaN}), tensor("a0", Role::kOutput, 0, {kNaN}),
      tensor("w1", Role::kWeight, 1, {kNaN}),        tensor("z1", Role::kPreActivation, 1, {kNaN}),
      tensor("d1", Role::kDelta, 1, {kNaN}),         gradient("g1", {kNaN}, 1),
      tensor("d0", Role::kDelta, 0, {kNaN}),         gradient("g0", {kNaN}, 0)};
  while (!in_order.empty()) {
    std::vector<TensorRecord> reversed(in_order.rbegin(), in_order.rend());
    EXPECT_EQ(diagnose(metrics_of(reversed)).findings.front().tensor, in_order.front().name);
    in_order.erase(in_order.begin());
  }
}

TEST(NonFinite, WithoutLayersTheFirstViewIsTheEarliest) {
  const Diagnosis diagnosis = diagnose(
      metrics_of({gradient("ok", {1.0}), gradient("has_nan", {kNaN}), gradient("inf", {kInf})}));
  EXPECT_EQ(diagnosis.findings.front().tensor, "has_nan");
  EXPECT_NE(diagnosis.findings.front().text.find("earliest of 2"), std::string::npos);
}

TEST(NonFinite, LossComesAfterTheForwardPassAndBeforeTheBackwardPass) {
  HealthMetrics metrics = metrics_of({gradient("g", {kNaN}, 0)});
  metrics.loss = kInf;
  EXPECT_EQ(diagnose(metrics).findings.front().tensor, "loss");
  EXPECT_EQ(diagnose(metrics).findings.front().text,
            "The loss is Inf; it is the earliest of 2 that are not finite.");
  metrics.tensors.push_back(tensor("z", Role::kPreActivation, 3, {kNaN}));
  EXPECT_EQ(diagnose(metrics).findings.front().tensor, "z");
}

TEST(NonFinite, IsFoundInNormsAlone) {
  const Diagnosis diagnosis = diagnose(metrics_from_norms(std::vector{0.1, 0.2, kNaN, kInf}));
  EXPECT_EQ(fired(diagnosis), "R1");
  EXPECT_EQ(diagnosis.findings.front().tensor, "gradient 3");
  EXPECT_EQ(diagnosis.findings.front().text,
            "The norm of gradient 3 is NaN; it is the earliest of 2 that are not finite.");
}

TEST(NonFinite, IsFoundInRecordedMetrics) {
  for (const auto key : {&HealthMetrics::min_gradient, &HealthMetrics::max_gradient,
                         &HealthMetrics::mean_gradient, &HealthMetrics::std_gradient}) {
    HealthMetrics metrics = metrics_from_norms(std::vector{0.1, 0.2});
    metrics.*key = kNaN;
    EXPECT_EQ(diagnose(metrics).verdict, Verdict::kNonFinite);
  }
}

TEST(NonFinite, FiniteExtremesAreFinite) {
  const double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(severity_of(diagnose(metrics_from_norms(std::vector{largest, largest})), "R1"), kOk);
  EXPECT_EQ(severity_of(diagnose(metrics_from_norms(std::vector{5e-324, largest})), "R1"), kOk);
}

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

TEST(Gains, FireBeyondTheirDefaultLimitsInEachDirection) {
  for (const GainCase& c : kGainCases) {
    const Thresholds defaults;
    const auto diagnosis_at = [&](double gain) {
      Network network;
      network.*c.gain = gain;
      return diagnose(network.metrics());
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
    const HealthMetrics metrics = Network{}.metrics();
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

// R4 and R6

TEST(VanishedGradients, AreFoundByRmsInATensorTooLargeForTheNorm) {
  TensorRecord wide = gradient("wide", {5e-8}, 1);
  wide.stats.count = 1'000'000;
  wide.stats.sum_squares *= 1e6;
  const Diagnosis diagnosis = diagnose(metrics_of({wide, gradient("fine", {0.01})}));
  EXPECT_EQ(fired(diagnosis), "R4");
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.tensor, "wide");
  EXPECT_EQ(finding.layer, 1);
  EXPECT_EQ(finding.threshold, 1e-7);
  EXPECT_NE(finding.text.find("rms 5.0e-08"), std::string::npos) << finding.text;
}

TEST(VanishedGradients, NameTheSmallestAndCountAll) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {1e-7}), gradient("b", {1e-9}), gradient("c", {0.5e-3})}));
  EXPECT_EQ(finding_of(diagnosis, "R4").tensor, "b");
  EXPECT_EQ(finding_of(diagnosis, "R4").text,
            "2 of 3 gradients have vanished; the smallest is that of b, with norm 1.0e-09.");
}

TEST(VanishedGradients, AnEmptyTensorHasNotVanished) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("empty", {}), gradient("g", {0.1})}))), "");
}

TEST(CompleteFailure, NeedsEveryGradient) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("a", {5e-6}), gradient("b", {9e-6})}))), "R6");
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("a", {5e-6}), gradient("b", {2e-5})}))), "");
}

// R8 and R9

TEST(LargeGradients, NameTheLargestAndCountAll) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {200.0}), gradient("b", {-500.0}), gradient("c", {1.0})}));
  EXPECT_EQ(fired(diagnosis), "R8");
  EXPECT_EQ(diagnosis.findings.front().tensor, "b");
  EXPECT_EQ(diagnosis.findings.front().text,
            "2 of 3 gradient norms are above 100; the largest, that of b, is 5.0e+02.");
}

TEST(NormRangeRule, ZerosAreNamedAndNotDividedBy) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {1e-4}), gradient("zero", {0.0}), gradient("b", {5.0})}));
  const Finding& finding = finding_of(diagnosis, "R9");
  EXPECT_TRUE(std::isfinite(finding.value.value()));
  EXPECT_EQ(finding.tensor, "");
  EXPECT_EQ(finding.text,
            "Gradient norms span a factor of 5.0e+04, from 1.0e-04 (a) to 5.0e+00 (b); 1 that is "
            "exactly zero is left out.");
}

TEST(NormRangeRule, IsSilentOnZerosAlone) {
  EXPECT_EQ(severity_of(diagnose(metrics_of({gradient("a", {0.0}), gradient("b", {0.0})})), "R9"),
            kOk);
}

// R10 and R11

HealthMetrics with_units(Activation activation, bool is_head, std::int64_t dead,
                         std::int64_t saturated, std::int64_t batch = 1000) {
  HealthMetrics metrics = metrics_of({gradient("g", {0.1})});
  metrics.units.push_back(test::units(1, activation, is_head, 1000, batch));
  metrics.units.back().dead_unit_count = dead;
  metrics.units.back().saturated_count = saturated;
  return metrics;
}

TEST(DeadUnits, FireBeyondTheirLimits) {
  const auto severity_with = [](std::int64_t dead) {
    return severity_of(diagnose(with_units(Activation::kRelu, false, dead, 0)), "R10");
  };
  EXPECT_EQ(severity_with(199), kOk);
  EXPECT_EQ(severity_with(200), kOk);
  EXPECT_EQ(severity_with(201), kWarning);
  EXPECT_EQ(severity_with(500), kWarning);
  EXPECT_EQ(severity_with(501), kCritical);
}

TEST(DeadUnits, NameLayerValueAndVerdict) {
  const Diagnosis diagnosis = diagnose(with_units(Activation::kRelu, false, 630, 0));
  EXPECT_EQ(fired(diagnosis), "R10");
  EXPECT_EQ(diagnosis.verdict, Verdict::kDead);
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.tensor, "dense_1");
  EXPECT_EQ(finding.layer, 1);
  EXPECT_EQ(finding.value, 0.63);
  EXPECT_EQ(finding.threshold, 0.5);
  EXPECT_EQ(finding.text, "630 of 1000 units of dense_1 output 0 for each of the 1000 samples.");
}

TEST(DeadUnits, AreToldFromSilentOnesByEnoughSamples) {
  EXPECT_EQ(fired(diagnose(with_units(Activation::kRelu, false, 900, 0, 31))), "");
  EXPECT_EQ(fired(diagnose(with_units(Activation::kRelu, false, 900, 0, 32))), "R10");
}

TEST(DeadUnits, ExistInReluLayersOnly) {
  for (const Activation activation : {Activation::kLinear, Activation::kSigmoid, Activation::kTanh,
                                      Activation::kGelu, Activation::kLeakyRelu}) {
    EXPECT_EQ(fired(diagnose(with_units(activation, false, 1000, 0))), "") << name(activation);
  }
}

TEST(Saturation, FiresBeyondHalfOfTheElements) {
  const auto severity_with = [](bool is_head, std::int64_t saturated) {
    return diagnose(with_units(Activation::kSigmoid, is_head, 0, saturated)).severity;
  };
  EXPECT_EQ(severity_with(false, 500'000), kOk);
  EXPECT_EQ(severity_with(false, 500'001), kWarning);
  EXPECT_EQ(severity_with(false, 1'000'000), kWarning);
  EXPECT_EQ(severity_with(true, 500'000), kOk);
  EXPECT_EQ(severity_with(true, 500'001), kCritical);
}

TEST(Saturation, NamesLayerValueAndVerdict) {
  const Diagnosis diagnosis = diagnose(with_units(Activation::kTanh, false, 0, 750'000));
  EXPECT_EQ(fired(diagnosis), "R11");
  EXPECT_EQ(diagnosis.verdict, Verdict::kSaturated);
  EXPECT_EQ(diagnosis.findings.front().tensor, "dense_1");
  EXPECT_EQ(diagnosis.findings.front().value, 0.75);
  EXPECT_EQ(diagnosis.findings.front().text,
            "75.0 % of the pre-activations of dense_1 lie at |z| >= 5, where tanh is flat.");
}

TEST(Saturation, NeverFiresOnLinearOrRelu) {
  for (const Activation activation :
       {Activation::kLinear, Activation::kRelu, Activation::kGelu, Activation::kLeakyRelu}) {
    for (const bool is_head : {false, true}) {
      EXPECT_EQ(fired(diagnose(with_units(activation, is_head, 0, 1'000'000))), "")
          << name(activation);
    }
  }
}

TEST(Saturation, HeadComesBeforeHiddenLayers) {
  Network network;
  network.hidden = Activation::kSigmoid;
  network.hidden_saturation = 0.9;
  network.head_saturation = 0.6;
  const Diagnosis diagnosis = diagnose(network.metrics());
  ASSERT_EQ(fired(diagnosis), "R11 R11");
  EXPECT_EQ(diagnosis.findings[0].severity, kCritical);
  EXPECT_EQ(diagnosis.findings[0].tensor, "dense_4");
  EXPECT_EQ(diagnosis.findings[1].severity, kWarning);
  EXPECT_NE(diagnosis.findings[1].text.find("4 layers"), std::string::npos);
}

// R13

HealthMetrics with_zeros(std::int64_t zeros, std::int64_t count) {
  TensorRecord record = gradient("g", {0.1});
  record.stats.count = count;
  record.stats.zero_count = zeros;
  return metrics_of({record});
}

TEST(ZeroGradients, FireAtSeventyPercentOfAllElements) {
  EXPECT_EQ(diagnose(with_zeros(699'999, 1'000'000)).severity, kOk);
  const Diagnosis diagnosis = diagnose(with_zeros(7, 10));
  EXPECT_EQ(fired(diagnosis), "R13");
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
  EXPECT_EQ(diagnosis.findings.front().value, 0.7);
  EXPECT_EQ(diagnosis.findings.front().threshold, 0.7);
  EXPECT_EQ(diagnosis.findings.front().text, "70.0 % of all gradient elements are exactly zero.");
}

TEST(ZeroGradients, OneTensorOfZerosIsCritical) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("fine", {0.1}), gradient("zero", {0.0, -0.0}, 3)}));
  const Finding& finding = finding_of(diagnosis, "R13");
  EXPECT_EQ(finding.severity, kCritical);
  EXPECT_EQ(finding.tensor, "zero");
  EXPECT_EQ(finding.layer, 3);
  EXPECT_EQ(finding.text, "1 of 2 gradients is exactly zero: zero.");
}

TEST(ZeroGradients, AreFoundInNormsAlone) {
  const Diagnosis diagnosis = diagnose(metrics_from_norms(std::vector{0.1, 0.0, 0.2, 0.0}));
  EXPECT_EQ(finding_of(diagnosis, "R13").tensor, "gradient 2");
  EXPECT_EQ(finding_of(diagnosis, "R13").text,
            "2 of 4 gradients are exactly zero: gradient 2 and gradient 4.");
}

TEST(ZeroGradients, ZerosOfOtherRolesDoNotCount) {
  HealthMetrics metrics = metrics_of({gradient("g", {0.1})});
  for (const Role role : {Role::kWeight, Role::kPreActivation, Role::kOutput, Role::kDelta}) {
    metrics.tensors.push_back(tensor("zeros", role, 0, {0.0, 0.0, 0.0}));
  }
  EXPECT_EQ(fired(diagnose(metrics)), "");
}

TEST(ZeroGradients, ATensorOfNaNIsNotZero) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("nan", {kNaN, kNaN})}))), "R1");
}

TEST(ZeroGradients, AMissingGradientIsNamed) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("used", {0.1}), missing_gradient("unused/kernel", 4),
                           missing_gradient("unused/bias", 4)}));
  EXPECT_EQ(fired(diagnosis), "R13");
  EXPECT_EQ(diagnosis.verdict, Verdict::kNoGradient);
  EXPECT_EQ(diagnosis.severity, kCritical);
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.tensor, "unused/kernel");
  EXPECT_EQ(finding.layer, 4);
  EXPECT_EQ(finding.value, 2.0);
  EXPECT_EQ(finding.text,
            "2 of 3 parameters have no gradient, because the loss does not depend on them: "
            "unused/kernel and unused/bias.");
}

// Words

TEST(ListNames, ShowsThreeAndCountsTheRest) {
  EXPECT_EQ(list_names(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b"}), "a and b");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b", "c", "d", "e"}), "a, b, c and 2 more");
}

TEST(Times, ReadsWellAtEveryScale) {
  EXPECT_EQ(times(4.26), "4.3x");
  EXPECT_EQ(times(999.0), "999.0x");
  EXPECT_EQ(times(1.2e6), "1.2e+06x");
  EXPECT_EQ(times(kInf), "infx");
}

TEST(RuleTable, EveryRuleHasItsOwnIdATitleAndASource) {
  std::vector<std::string_view> ids;
  for (const Rule& rule : rule_table()) {
    EXPECT_FALSE(rule.title.empty()) << rule.id;
    EXPECT_FALSE(rule.source.empty()) << rule.id;
    ids.push_back(rule.id);
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

}  // namespace
}  // namespace gradvitals
