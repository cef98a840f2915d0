// Contract: kernels/ops/loss.h. Oracle: the textbook formulas in long double, whose range lets them
// stand as they are written (e^10000 is finite). Tolerances: tolerances.h, "Losses".
#include "kernels/ops/loss.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/gradcheck.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

using Real = long double;

constexpr std::array kLosses = {LossKind::kMse, LossKind::kBinaryCrossEntropyFromLogits,
                                LossKind::kBinaryCrossEntropy, LossKind::kSoftmaxCrossEntropy};

struct Shape2 {
  std::int64_t rows;
  std::int64_t cols;
};
constexpr std::array<Shape2, 9> kShapes = {
    {{1, 1}, {100, 1}, {1, 31}, {3, 32}, {33, 3}, {5, 257}, {1023, 2}, {7, 10}, {1, 1025}}};

template <class T>
struct Batch {
  std::int64_t rows;
  std::int64_t cols;
  std::vector<T> prediction;
  std::vector<T> target;
};

/// Logits of N(0, 3) and rows of probabilities.
template <class T>
Batch<T> random_batch(Shape2 shape, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.0, 3.0);
  Batch<T> batch{shape.rows, shape.cols, {}, {}};
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    std::vector<double> row;
    double sum = 0;
    for (std::int64_t c = 0; c < shape.cols; ++c) {
      batch.prediction.push_back(static_cast<T>(normal(random)));
      row.push_back(std::fabs(normal(random)));
      sum += row.back();
    }
    for (const double value : row) batch.target.push_back(static_cast<T>(value / (sum + 0.1)));
  }
  return batch;
}

/// The same for a loss that takes probabilities: logits become those, between 0.05 and 0.95.
template <class T>
Batch<T> random_batch(LossKind kind, Shape2 shape, std::uint64_t seed) {
  Batch<T> batch = random_batch<T>(shape, seed);
  if (kind != LossKind::kBinaryCrossEntropy) return batch;
  for (T& value : batch.prediction) {
    value = static_cast<T>(0.05 + 0.9 / (1.0 + std::exp(-static_cast<double>(value))));
  }
  return batch;
}

template <class T>
Real expected_loss(LossKind kind, const Batch<T>& batch) {
  Real sum = 0;
  for (std::int64_t r = 0; r < batch.rows; ++r) {
    Real exponentials = 0;
    for (std::int64_t c = 0; c < batch.cols; ++c) {
      exponentials += std::exp(static_cast<Real>(batch.prediction[r * batch.cols + c]));
    }
    for (std::int64_t c = 0; c < batch.cols; ++c) {
      const Real p = batch.prediction[r * batch.cols + c];
      const Real t = batch.target[r * batch.cols + c];
      if (kind == LossKind::kMse) sum += (p - t) * (p - t);
      if (kind == LossKind::kBinaryCrossEntropyFromLogits) {
        sum += t * std::log1p(std::exp(-p)) + (1 - t) * std::log1p(std::exp(p));
      }
      if (kind == LossKind::kBinaryCrossEntropy) {
        sum -= t * std::log(p) + (1 - t) * std::log(1 - p);
      }
      if (kind == LossKind::kSoftmaxCrossEntropy) sum += t * (std::log(exponentials) - p);
    }
  }
  return sum / (kind == LossKind::kSoftmaxCrossEntropy ? batch.rows : batch.rows * batch.cols);
}

template <class T>
std::vector<Real> expected_gradient(LossKind kind, const Batch<T>& batch, Real dloss) {
  std::vector<Real> gradient;
  for (std::int64_t r = 0; r < batch.rows; ++r) {
    Real exponentials = 0;
    Real mass = 0;
    for (std::int64_t c = 0; c < batch.cols; ++c) {
      exponentials += std::exp(static_cast<Real>(batch.prediction[r * batch.cols + c]));
      mass += batch.target[r * batch.cols + c];
    }
    for (std::int64_t c = 0; c < batch.cols; ++c) {
      const Real p = batch.prediction[r * batch.cols + c];
      const Real t = batch.target[r * batch.cols + c];
      const Real count = batch.rows * batch.cols;
      if (kind == LossKind::kMse) gradient.push_back(dloss * 2 * (p - t) / count);
      if (kind == LossKind::kBinaryCrossEntropyFromLogits) {
        gradient.push_back(dloss * ((1 - t) / (1 + std::exp(-p)) - t / (1 + std::exp(p))) / count);
      }
      if (kind == LossKind::kBinaryCrossEntropy) {
        gradient.push_back(dloss * ((1 - t) / (1 - p) - t / p) / count);
      }
      if (kind == LossKind::kSoftmaxCrossEntropy) {
        gradient.push_back(dloss * (mass * std::exp(p) / exponentials - t) / batch.rows);
      }
    }
  }
  return gradient;
}

Tolerance tolerance(LossKind kind) {
  return kind == LossKind::kSoftmaxCrossEntropy ? kSoftmaxLossFloat : kLossFloat;
}

template <class T>
T forward(Stream& stream, LossKind kind, const Batch<T>& batch) {
  const GuardedBuffer<T> prediction(stream, batch.prediction);
  const GuardedBuffer<T> target(stream, batch.target);
  const GuardedBuffer<T> loss(stream, 1);
  loss_forward<T>(stream, {kind, prediction.matrix(batch.rows, batch.cols),
                           target.matrix(batch.rows, batch.cols), loss.vector()});
  stream.synchronize();
  EXPECT_TRUE(loss.guards_intact());
  return loss.download()[0];
}

template <class T>
std::vector<T> backward(Stream& stream, LossKind kind, const Batch<T>& batch, T dloss) {
  const GuardedBuffer<T> prediction(stream, batch.prediction);
  const GuardedBuffer<T> target(stream, batch.target);
  const GuardedBuffer<T> upstream(stream, std::vector{dloss});
  const GuardedBuffer<T> gradient(stream, prediction.count());
  loss_backward<T>(stream, {kind, prediction.matrix(batch.rows, batch.cols),
                            target.matrix(batch.rows, batch.cols), upstream.vector(),
                            gradient.matrix(batch.rows, batch.cols)});
  stream.synchronize();
  EXPECT_TRUE(gradient.guards_intact());
  return gradient.download();
}

class LossTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, LossTest, all_devices(), device_name);

TEST_P(LossTest, MatchesTheFormulaAtEveryShape) {
  for (const LossKind kind : kLosses) {
    for (const Shape2 shape : kShapes) {
      SCOPED_TRACE(testing::Message() << name(kind) << " " << shape_text(shape.rows, shape.cols));
      const auto batch = random_batch<float>(kind, shape, 1);
      expect_close(forward(stream(), kind, batch), static_cast<double>(expected_loss(kind, batch)),
                   tolerance(kind));
      expect_close(backward(stream(), kind, batch, -0.75f), expected_gradient(kind, batch, -0.75),
                   tolerance(kind));
    }
  }
}

TEST_P(LossTest, SumsInFloat64) {
  // 2^24 + 1 ones: float32 sums stop at 2^24, and the mean would be below 1.
  const std::int64_t count = (std::int64_t{1} << 24) + 1;
  const Batch<float> batch{count, 1, std::vector<float>(count, 1.0f), std::vector<float>(count)};
  EXPECT_EQ(forward(stream(), LossKind::kMse, batch), 1.0f);
}

TEST_P(LossTest, MseSurvivesErrorsWhoseSquaresLeaveFloat32) {
  const Batch<float> batch{1, 2, {1e-30f, 0.0f}, {0.0f, 0.0f}};
  EXPECT_EQ(forward(stream(), LossKind::kMse, batch), 0.0f);  // 5e-61, below float32.
  const Batch<float> large{1, 2, {1e20f, 0.0f}, {0.0f, 0.0f}};
  EXPECT_EQ(forward(stream(), LossKind::kMse, large), std::numeric_limits<float>::infinity());
  expect_close(backward(stream(), LossKind::kMse, large, 1.0f), std::vector{1e20, 0.0}, kLossFloat);
}

TEST_P(LossTest, IsStableAtHugeLogits) {
  for (const float logit : {88.0f, 104.0f, 1e4f}) {
    const Batch<float> sure{4, 1, {logit, -logit, logit, -logit}, {1.0f, 0.0f, 0.0f, 1.0f}};
    const auto kBinary = LossKind::kBinaryCrossEntropyFromLogits;
    expect_close(forward(stream(), kBinary, sure),
                 static_cast<double>(expected_loss(kBinary, sure)), kLossFloat);
    expect_close(backward(stream(), kBinary, sure, 1.0f), expected_gradient(kBinary, sure, 1),
                 kLossFloat);
    const Batch<float> classes{2, 3, {logit, -logit, 0, -logit, -logit, logit}, {1, 0, 0, 0, 1, 0}};
    const auto kSoftmax = LossKind::kSoftmaxCrossEntropy;
    expect_close(forward(stream(), kSoftmax, classes),
                 static_cast<double>(expected_loss(kSoftmax, classes)), kLossFloat);
    expect_close(backward(stream(), kSoftmax, classes, 1.0f),
                 expected_gradient(kSoftmax, classes, 1), kLossFloat);
  }
}

TEST_P(LossTest, ASureAndRightPredictionKeepsItsSmallGradient) {
  // sigmoid(30) rounds to 1 in float32: 1 - t would be lost, e^-30 is not.
  const Batch<float> batch{1, 1, {30.0f}, {1.0f}};
  const auto kind = LossKind::kBinaryCrossEntropyFromLogits;
  EXPECT_LT(backward(stream(), kind, batch, 1.0f)[0], 0.0f);
  expect_close(backward(stream(), kind, batch, 1.0f), expected_gradient(kind, batch, 1),
               kLossFloat);
}

TEST_P(LossTest, ProbabilitiesOfZeroAndOneAreClampedAsPyTorchDoes) {
  const auto kind = LossKind::kBinaryCrossEntropy;
  const Batch<float> wrong{1, 2, {0.0f, 1.0f}, {1.0f, 0.0f}};
  EXPECT_EQ(forward(stream(), kind, wrong), 100.0f);
  EXPECT_EQ(backward(stream(), kind, wrong, 1.0f), (std::vector{-0.5e12f, 0.5e12f}));
  const Batch<float> right{1, 2, {0.0f, 1.0f}, {0.0f, 1.0f}};
  EXPECT_EQ(forward(stream(), kind, right), 0.0f);
  EXPECT_EQ(backward(stream(), kind, right, 1.0f), (std::vector{0.0f, 0.0f}));
}

TEST_P(LossTest, WhatIsNoProbabilityMakesTheLossNan) {
  for (const float p : {-0.25f, 1.25f}) {
    const Batch<float> batch{1, 1, {p}, {0.5f}};
    EXPECT_TRUE(std::isnan(forward(stream(), LossKind::kBinaryCrossEntropy, batch))) << p;
  }
}

TEST_P(LossTest, AMaskedClassAddsNothing) {
  const float kInf = std::numeric_limits<float>::infinity();
  const Batch<float> masked{1, 3, {1.0f, -kInf, 2.0f}, {0.25f, 0.0f, 0.75f}};
  const Batch<float> without{1, 2, {1.0f, 2.0f}, {0.25f, 0.75f}};
  const auto kind = LossKind::kSoftmaxCrossEntropy;
  EXPECT_EQ(forward(stream(), kind, masked), forward(stream(), kind, without));
  EXPECT_EQ(backward(stream(), kind, masked, 1.0f)[1], 0.0f);
}

TEST_P(LossTest, NanIsNotHidden) {
  const float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const LossKind kind : kLosses) {
    for (const std::size_t place : {0, 2, 5}) {
      SCOPED_TRACE(testing::Message() << name(kind) << " " << place);
      Batch<float> batch = random_batch<float>(kind, {2, 3}, 5);
      batch.prediction[place] = kNan;
      EXPECT_TRUE(std::isnan(forward(stream(), kind, batch)));
      EXPECT_TRUE(std::isnan(backward(stream(), kind, batch, 1.0f)[place]));
      batch = random_batch<float>(kind, {2, 3}, 5);
      batch.target[place] = kNan;
      EXPECT_TRUE(std::isnan(forward(stream(), kind, batch)));
      EXPECT_TRUE(std::isnan(backward(stream(), kind, batch, 1.0f)[place]));
    }
  }
}

TEST_P(LossTest, RefusesWhatDoesNotFit) {
  const GuardedBuffer<float> buffer(stream(), 6);
  const GuardedBuffer<float> other(stream(), 6);
  const GuardedBuffer<float> third(stream(), 6);
  const auto p = buffer.matrix(2, 3);
  const auto t = other.matrix(2, 3);
  const auto g = third.matrix(2, 3);
  const VectorView<float> one{third.data(), 1};
  const auto forward_op = [&](LossForward<float> op) { loss_forward(stream(), op); };
  const auto backward_op = [&](LossBackward<float> op) { loss_backward(stream(), op); };
  expect_invalid(
      [&] {
        forward_op({LossKind::kMse, p, other.matrix(3, 2), one});
      },
      {"loss_forward", "prediction (2, 3)", "target (3, 2)"});
  expect_invalid(
      [&] {
        forward_op({LossKind::kMse, p, t, third.vector()});
      },
      {"loss_forward", "loss (6,)"});
  expect_invalid(
      [&] {
        forward_op({LossKind::kMse, p, {nullptr, 2, 3}, one});
      },
      {"loss_forward", "target (2, 3)", "no data"});
  expect_invalid(
      [&] {
        forward_op({LossKind::kMse, p, t, {p.data, 1}});
      },
      {"loss_forward", "share memory"});
  for (const LossKind kind : kLosses) {
    expect_invalid(
        [&] {
          forward_op({kind, buffer.matrix(0, 3), other.matrix(0, 3), one});
        },
        {"loss_forward", "(0, 3)", "empty"});
    expect_invalid(
        [&] {
          forward_op({kind, buffer.matrix(3, 0), other.matrix(3, 0), one});
        },
        {"loss_forward", "(3, 0)", "empty"});
  }
  expect_invalid([&] { backward_op({LossKind::kMse, p, t, {}, g}); }, {"loss_backward", "dloss"});
  expect_invalid(
      [&] {
        backward_op({LossKind::kMse, p, t, one, third.matrix(3, 2)});
      },
      {"loss_backward", "dprediction (3, 2)", "prediction (2, 3)"});
  expect_invalid(
      [&] {
        backward_op({LossKind::kMse, p, t, {t.data, 1}, p});
      },
      {"loss_backward", "dprediction and prediction share memory"});
}

TEST(Loss, DoublesMatchTheFormula) {
  Stream stream;
  for (const LossKind kind : kLosses) {
    for (const Shape2 shape : kShapes) {
      SCOPED_TRACE(testing::Message() << name(kind) << " " << shape_text(shape.rows, shape.cols));
      const auto batch = random_batch<double>(kind, shape, 2);
      expect_close(forward(stream, kind, batch), static_cast<double>(expected_loss(kind, batch)),
                   loss_double(shape.rows * shape.cols));
      expect_close(backward(stream, kind, batch, 3.0), expected_gradient(kind, batch, 3),
                   loss_double(shape.cols));
    }
  }
}

TEST(Loss, GradientsMatchDifferences) {
  Stream stream;
  for (const LossKind kind : kLosses) {
    auto batch = random_batch<double>(kind, {5, 4}, 3);
    std::vector<double> gradient(batch.prediction.size());
    std::vector<double> loss(1);
    const MatrixView<const double> p{batch.prediction.data(), 5, 4};
    const MatrixView<const double> t{batch.target.data(), 5, 4};
    const GradcheckResult result = expect_gradients({
        .name = std::string(name(kind)),
        .arguments = {{.name = "prediction", .value = batch.prediction, .gradient = gradient}},
        .forward =
            [&] {
              loss_forward<double>(stream, {kind, p, t, {loss.data(), 1}});
              return loss;
            },
        .backward =
            [&](std::span<const double> dy) {
              loss_backward<double>(stream, {kind, p, t, {dy.data(), 1}, {gradient.data(), 5, 4}});
            },
        .kinks = nullptr,
    });
    EXPECT_EQ(result.checked, 20) << name(kind);
  }
}

TEST(Loss, NamesParseBack) {
  for (const LossKind kind : kLosses) EXPECT_EQ(parse_loss(name(kind)), kind);
  EXPECT_EQ(parse_loss("bce"), LossKind::kBinaryCrossEntropyFromLogits);
  EXPECT_EQ(parse_loss("bce_with_logits"), LossKind::kBinaryCrossEntropyFromLogits);
  EXPECT_EQ(parse_loss("binary_cross_entropy"), LossKind::kBinaryCrossEntropy);
  EXPECT_EQ(parse_loss("cross_entropy"), LossKind::kSoftmaxCrossEntropy);
  EXPECT_EQ(name(LossKind::kSoftmaxCrossEntropy), "softmax_cross_entropy");
  EXPECT_EQ(parse_loss("mae"), std::nullopt);
  EXPECT_EQ(parse_loss(""), std::nullopt);
}

}  // namespace
}  // namespace gradvitals::test
