// Contract: training/evaluation.h. Oracle: scores counted by hand, of models whose predictions are
//           their inputs.
#include "training/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "framework/layers/dense.h"
#include "framework/layers/dropout.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {
namespace {

constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

class EvaluationTest : public testing::Test {
 protected:
  /// A dense layer of the unit matrix.
  Sequential identity(std::int64_t width, double dropout_rate = 0.0) {
    Sequential model(stream_, {.name = "Identity", .input_shape = {width}});
    if (dropout_rate > 0.0) model.add(Dropout(dropout_rate));
    model.add(Dense(width));
    std::vector<float> kernel(static_cast<std::size_t>(width * width), 0.0F);
    for (std::int64_t i = 0; i < width; ++i) kernel[static_cast<std::size_t>(i * width + i)] = 1.0F;
    model.parameters()[0]->value.copy_from_host<float>(stream_, kernel);
    return model;
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
};

TEST_F(EvaluationTest, AccuracyCountsRowsWhoseLargestOutputIsRight) {
  const Samples samples{.rows = 4,
                        .x = {2, 1, 0, 0, 1, 0, 0, 0, 3, 5, 1, 1},
                        .y = {1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0}};
  const Evaluation result = evaluate(stream_, identity(3), LossKind::kSoftmaxCrossEntropy, samples);
  EXPECT_EQ(result.score, 0.75);
  EXPECT_EQ(result.samples, 4);
}

TEST_F(EvaluationTest, APredictionThatIsNotFiniteIsWrong) {
  // NaN in one output spoils no comparison of the others by chance: the row counts as wrong.
  const Samples samples{.rows = 2, .x = {5, kNoNumber, 0, 1}, .y = {1, 0, 0, 1}};
  const Evaluation result = evaluate(stream_, identity(2), LossKind::kSoftmaxCrossEntropy, samples);
  EXPECT_EQ(result.score, 0.5);
  EXPECT_TRUE(std::isnan(result.loss));
}

TEST_F(EvaluationTest, BinaryAccuracyHasItsEvenOddsWhereTheLossHasThem) {
  const Samples samples{.rows = 4, .x = {0.2F, 0.6F, 0.4F, 0.9F}, .y = {0, 1, 1, 1}};
  EXPECT_EQ(evaluate(stream_, identity(1), LossKind::kBinaryCrossEntropy, samples).score, 0.75);
  // As logits all four say yes.
  EXPECT_EQ(evaluate(stream_, identity(1), LossKind::kBinaryCrossEntropyFromLogits, samples).score,
            0.75);
  const Samples negative{.rows = 2, .x = {-0.1F, 0.1F}, .y = {0, 1}};
  EXPECT_EQ(evaluate(stream_, identity(1), LossKind::kBinaryCrossEntropyFromLogits, negative).score,
            1.0);
}

TEST_F(EvaluationTest, ExplainedIsOneMinusErrorOverSpread) {
  const Samples samples{.rows = 4, .x = {1, 2, 3, 5}, .y = {1, 2, 3, 4}};
  const Evaluation result = evaluate(stream_, identity(1), LossKind::kMse, samples);
  expect_close(result.score, 1.0 - 1.0 / 5.0, ulps<double>(4));
  expect_close(result.loss, 0.25, ulps<double>(4));
}

TEST_F(EvaluationTest, ExplainedIsNaNWhereTargetsDoNotVaryOrPredictionsAreNaN) {
  const Samples constant{.rows = 2, .x = {1, 2}, .y = {3, 3}};
  EXPECT_TRUE(std::isnan(evaluate(stream_, identity(1), LossKind::kMse, constant).score));
  const Samples broken{.rows = 2, .x = {1, kNoNumber}, .y = {1, 3}};
  EXPECT_TRUE(std::isnan(evaluate(stream_, identity(1), LossKind::kMse, broken).score));
}

TEST_F(EvaluationTest, MoreRowsThanAreRunAtOnceAreAllCounted) {
  constexpr std::int64_t kRows = 600;  // Two whole parts and one of 88.
  Samples samples{.rows = kRows, .x = {}, .y = {}};
  double sum = 0.0;
  for (std::int64_t row = 0; row < kRows; ++row) {
    samples.x.push_back(static_cast<float>(row % 7));
    samples.y.push_back(0.0F);
    sum += static_cast<double>((row % 7) * (row % 7));
  }
  samples.y[0] = 1.0F;  // So that targets vary.
  const Evaluation result = evaluate(stream_, identity(1), LossKind::kMse, samples);
  expect_close(result.loss, (sum + 1.0) / kRows, Tolerance{.relative = 1e-6});  // float32 means.
  EXPECT_EQ(result.samples, kRows);
}

TEST_F(EvaluationTest, DropoutIsOffAndItsCountStays) {
  Sequential model = identity(1, 0.9);
  const Samples samples{.rows = 3, .x = {1, 2, 3}, .y = {1, 2, 3}};
  EXPECT_EQ(evaluate(stream_, model, LossKind::kMse, samples).loss, 0.0);
  EXPECT_EQ(model.layer_counts(stream_)[0].value, 0U);
}

TEST_F(EvaluationTest, RefusesNoSamples) {
  const Sequential model = identity(1);
  expect_invalid([&] { evaluate(stream_, model, LossKind::kMse, Samples{}); }, {"no samples"});
}

TEST(ScoreKinds, TheLossDecidesWhatAScoreMeasures) {
  EXPECT_EQ(score_kind(LossKind::kSoftmaxCrossEntropy), ScoreKind::kAccuracy);
  EXPECT_EQ(score_kind(LossKind::kBinaryCrossEntropy), ScoreKind::kBinaryAccuracy);
  EXPECT_EQ(score_kind(LossKind::kMse), ScoreKind::kExplained);
  EXPECT_EQ(name(ScoreKind::kAccuracy), "accuracy");
  EXPECT_EQ(name(ScoreKind::kBinaryAccuracy), "accuracy");
  EXPECT_EQ(name(ScoreKind::kExplained), "R2");
}

TEST_F(EvaluationTest, ReadsProbabilitiesOutOfLogits) {
  const float logit = std::log(3.0F);  // Of 3 to 1.
  const Samples samples{.rows = 1, .x = {logit, 0}, .y = {1, 0}};
  const auto mse = [&](Readout readout) {
    return evaluate(stream_, identity(2), LossKind::kMse, samples, readout).loss;
  };
  expect_close(mse(Readout::kSoftmax), (0.25 * 0.25 + 0.25 * 0.25) / 2, kSoftmaxLossFloat);
  expect_close(mse(Readout::kSigmoid), (0.25 * 0.25 + 0.5 * 0.5) / 2, kSigmoidFloat);
}

TEST_F(EvaluationTest, ReadsLargeLogitsWithoutOverflow) {
  const Samples samples{.rows = 1, .x = {1000, -1000}, .y = {1, 0}};
  EXPECT_EQ(evaluate(stream_, identity(2), LossKind::kMse, samples, Readout::kSoftmax).loss, 0.0);
}

TEST(ConstantPrediction, IsTheMeanOfWhatIsTrainedOn) {
  const Samples training{.rows = 4, .x = {}, .y = {0, 0, 0, 1}};
  const Samples judged{.rows = 2, .x = {}, .y = {0, 1}};
  EXPECT_EQ(constant_prediction_loss(LossKind::kMse, training, judged),
            (0.25 * 0.25 + 0.75 * 0.75) / 2);
  const double cross_entropy = -(std::log(0.75) + std::log(0.25)) / 2;
  expect_close(constant_prediction_loss(LossKind::kBinaryCrossEntropy, training, judged),
               cross_entropy, kActivationDouble);
  expect_close(constant_prediction_loss(LossKind::kBinaryCrossEntropyFromLogits, training, judged),
               cross_entropy, kActivationDouble);
}

TEST(ConstantPrediction, OfClassesIsHowOftenTheyAre) {
  const Samples classes{.rows = 4, .x = {}, .y = {1, 0, 1, 0, 1, 0, 0, 1}};
  expect_close(constant_prediction_loss(LossKind::kSoftmaxCrossEntropy, classes, classes),
               -(0.75 * std::log(0.75) + 0.25 * std::log(0.25)), kActivationDouble);
  const Samples unseen{.rows = 1, .x = {}, .y = {0, 1}};
  const Samples first{.rows = 1, .x = {}, .y = {1, 0}};
  EXPECT_EQ(constant_prediction_loss(LossKind::kSoftmaxCrossEntropy, first, unseen),
            -kMinLogProbability);
}

}  // namespace
}  // namespace gradvitals::test
