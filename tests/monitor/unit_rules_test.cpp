// Contract: R10 and R11 judge dead and saturated units, layer by layer.
// Oracle: layers' units made by hand, just inside, at and just beyond each limit.
#include "monitor/rules/diagnosis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "tests/monitor/health_fixtures.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

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
    return severity_of(diagnose(with_units(Activation::kRelu, false, dead, 0)), RuleId::kDeadUnits);
  };
  const Limits limits = Thresholds{}.dead_unit_fraction;
  const auto units = [](double fraction) { return std::llround(1000 * fraction); };
  EXPECT_EQ(severity_with(units(limits.warning)), kOk);
  EXPECT_EQ(severity_with(units(limits.warning) + 1), kWarning);
  EXPECT_EQ(severity_with(units(limits.critical)), kWarning);
  EXPECT_EQ(severity_with(units(limits.critical) + 1), kCritical);
}

TEST(DeadUnits, NameLayerValueAndVerdict) {
  const Diagnosis diagnosis = diagnose(with_units(Activation::kRelu, false, 970, 0));
  EXPECT_EQ(fired(diagnosis), "R10");
  EXPECT_EQ(diagnosis.verdict, Verdict::kDead);
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.tensor, "dense_1");
  EXPECT_EQ(finding.layer, 1);
  EXPECT_EQ(finding.value, 0.97);
  EXPECT_EQ(finding.threshold, Thresholds{}.dead_unit_fraction.critical);
  EXPECT_EQ(finding.text,
            "970 of 1000 units of dense_1 output 0 for each of the 1000 samples (or positions of "
            "them).");
}

TEST(DeadUnits, OfAConvolutionAreCountedOverPositionsAndSaySo) {
  HealthMetrics metrics = with_units(Activation::kRelu, false, 970, 0, 6400);
  TensorRecord kernel = gradient("dense_1/kernel", {0.1});
  kernel.rank = 4;
  metrics.tensors.push_back(kernel);
  EXPECT_EQ(diagnose(metrics).findings.front().text,
            "970 of 1000 units of dense_1 output 0 at each of the 6400 positions that all samples "
            "have together.");
  // Another layer's kernel says nothing of this one, nor does its bias.
  metrics.tensors.back().name = "dense_10/kernel";
  EXPECT_TRUE(contains(diagnose(metrics).findings.front().text,
                       "1000 units of dense_1 output 0 for"
                       " each of the 6400 samples"));
}

TEST(DeadUnits, AreToldFromSilentOnesByEnoughSamples) {
  EXPECT_EQ(fired(diagnose(with_units(Activation::kRelu, false, 900, 0, 31))), "");
  EXPECT_EQ(fired(diagnose(with_units(Activation::kRelu, false, 900, 0, 32))), "R10");
}

TEST(DeadUnits, ExistInLayersThatCanDieOnly) {
  for (const Activation activation : all_activations()) {
    if (can_die(activation)) continue;
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

TEST(Saturation, NeverFiresOnWhatCannotSaturate) {
  for (const Activation activation : all_activations()) {
    if (can_saturate(activation)) continue;
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

}  // namespace
}  // namespace gradvitals::test
