// Contract: R23 and R24 judge rows and columns of a kernel's gradient, each of them a unit.
// Oracle: summaries of slices made by hand.
#include "monitor/rules/diagnosis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

TEST(ZeroUnits, WarnOfHiddenUnitsWithoutGradient) {
  const auto diagnosis_with = [](std::int64_t zeros) {
    TensorRecord hidden = weight("fc1.weight", {100, 20});
    hidden.units->zero_count = zeros;
    return diagnose(metrics_of({hidden, weight("fc2.weight", {10, 100})}));
  };
  const auto limit = std::llround(100 * kLimits.zero_unit_fraction);
  EXPECT_EQ(fired(diagnosis_with(limit)), "");
  const Diagnosis diagnosis = diagnosis_with(limit + 1);
  EXPECT_EQ(fired(diagnosis), "R24");
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_EQ(diagnosis.verdict, Verdict::kDead);
  EXPECT_TRUE(diagnosis.findings.front().text.starts_with("76 of 100 rows of fc1.weight"));
}

TEST(ZeroUnits, OfAnEmbeddingOrAHeadAreANumberAndNoWarning) {
  TensorRecord embedding = weight("embed.weight", {5000, 64});
  TensorRecord head = weight("head.weight", {1000, 64});
  embedding.units->zero_count = 4900;
  head.units->zero_count = 990;
  EXPECT_EQ(fired(diagnose(metrics_of({embedding, weight("fc.weight", {64, 64}), head}))), "");
}

TEST(ZeroUnits, OfAnEmbeddingAreNoWarningWhereAnotherKernelTakesAsManyInputs) {
  TensorRecord embedding = weight("embed_tokens.weight", {128, 32});
  embedding.units->zero_count = 120;
  EXPECT_EQ(fired(diagnose(metrics_of(
                {embedding, weight("up.weight", {128, 32}), weight("down.weight", {32, 128})}))),
            "");
}

TEST(ZeroUnits, OfAConvolutionWarnAsThoseOfADenseKernelDo) {
  const auto diagnosis_with = [](std::int64_t zeros) {
    TensorRecord conv = weight("4.weight", {16, 8, 3, 3});
    conv.units->zero_count = zeros;
    return diagnose(
        metrics_of({weight("0.weight", {8, 3, 3, 3}), conv, weight("8.weight", {10, 256})}));
  };
  EXPECT_EQ(fired(diagnosis_with(12)), "");
  const Diagnosis diagnosis = diagnosis_with(13);
  ASSERT_EQ(fired(diagnosis), "R24");
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_EQ(diagnosis.verdict, Verdict::kDead);
  EXPECT_TRUE(diagnosis.findings.front().text.starts_with("13 of 16 rows of 4.weight"));
}

TEST(TwinUnits, AreASymmetryOfTheirOwn) {
  TensorRecord hidden = weight("fc1.weight", {100, 20});
  hidden.units->twin_count = 2;
  hidden.units->first_twin = 3;
  hidden.units->second_twin = 7;
  const Diagnosis diagnosis = diagnose(metrics_of({hidden, weight("fc2.weight", {10, 100})}));
  EXPECT_EQ(fired(diagnosis), "R23");
  EXPECT_EQ(diagnosis.verdict, Verdict::kSymmetric);
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_NE(diagnosis.findings.front().text.find("(3 and 7)"), std::string::npos);
  hidden.units->twin_count = 100;
  EXPECT_EQ(diagnose(metrics_of({hidden, weight("fc2.weight", {10, 100})})).severity, kCritical);
}

TEST(TwinUnits, OfAHeadAreNone) {
  TensorRecord head = weight("head.weight", {10, 100});
  head.units->twin_count = 9;  // Classes that the batch lacks, of a head that begins with zeros.
  EXPECT_EQ(fired(diagnose(metrics_of({weight("fc1.weight", {100, 20}), head}))), "");
}

TEST(TwinUnits, OfAConvolutionAreCritical) {
  TensorRecord conv = weight("0.weight", {8, 3, 3, 3});
  conv.units->twin_count = 8;
  const Diagnosis diagnosis = diagnose(metrics_of({conv, weight("8.weight", {10, 512})}));
  EXPECT_EQ(fired(diagnosis), "R23");
  EXPECT_EQ(diagnosis.severity, kCritical);
}

TEST(TopUnit, WithNearlyAllOfTheNormInforms) {
  TensorRecord embedding = weight("embed.weight", {5000, 64});
  embedding.units->top_index = 4711;
  embedding.units->top_share = kLimits.top_unit_share;
  EXPECT_EQ(fired(diagnose(metrics_of({embedding}))), "");
  embedding.units->top_share = 0.97;
  const Diagnosis diagnosis = diagnose(metrics_of({embedding}));
  EXPECT_EQ(fired(diagnosis), "R24");
  EXPECT_EQ(diagnosis.severity, kInfo);
  EXPECT_NE(diagnosis.findings.front().text.find("index 4711"), std::string::npos);
}

TEST(TwinUnits, OfAGradientThatHasUnderflowedAreRounding) {
  const auto fired_with = [](std::int64_t subnormals) {
    TensorRecord hidden = weight("fc1.weight", {100, 20});
    hidden.units->twin_count = 60;
    hidden.stats.count = 2000;
    hidden.stats.zero_count = 1000;
    hidden.stats.subnormal_count = subnormals;
    return fired(diagnose(metrics_of({hidden, weight("fc2.weight", {10, 100})})));
  };
  EXPECT_NE(fired_with(500).find("R23"), std::string::npos) << "half of what is not zero";
  EXPECT_EQ(fired_with(501).find("R23"), std::string::npos);
}

}  // namespace
}  // namespace gradvitals::test
