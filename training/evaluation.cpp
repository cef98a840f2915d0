#include "training/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <vector>

#include "framework/losses.h"
#include "framework/ops.h"
#include "framework/tape.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kRowsAtOnce = 256;  ///< Large enough for fast products, small in memory.

struct Predictions {
  std::span<const float> values;  ///< (rows, outputs)
  std::span<const float> targets;
  std::int64_t outputs = 0;
};

bool is_right_class(std::span<const float> prediction, std::span<const float> target) {
  if (!std::ranges::all_of(prediction, [](float value) { return std::isfinite(value); })) {
    return false;
  }
  return std::ranges::max_element(prediction) - prediction.begin() ==
         std::ranges::max_element(target) - target.begin();
}

/// Means of the targets, column by column.
std::vector<double> target_means(const Samples& samples, std::size_t outputs) {
  std::vector<double> means(outputs, 0.0);
  for (std::size_t i = 0; i < samples.y.size(); ++i) means[i % outputs] += double{samples.y[i]};
  for (double& mean : means) mean /= static_cast<double>(samples.rows);
  return means;
}

/// Each row of outputs as probabilities that add up to 1.
void apply_softmax(std::span<float> values, std::int64_t outputs) {
  const auto cols = static_cast<std::size_t>(outputs);
  for (std::size_t at = 0; at < values.size(); at += cols) {
    const std::span<float> row = values.subspan(at, cols);
    const double largest = std::ranges::max(row);
    double sum = 0.0;
    for (const float value : row) sum += std::exp(double{value} - largest);
    for (float& value : row) {
      value = static_cast<float>(std::exp(double{value} - largest) / sum);
    }
  }
}

Tensor read_out(Stream& stream, Tape& tape, const Tensor& output, Readout readout) {
  if (readout == Readout::kOutputs) return output;
  if (readout == Readout::kSigmoid) return activate(tape, output, Activation::kSigmoid);
  std::vector<float> values = output.to_host<float>();
  apply_softmax(values, output.shape()[1]);
  return Tensor::from_host<float>(stream, output.shape(), values);
}

/// Adds up what a score is made of.
class ScoreSum {
 public:
  ScoreSum(LossKind loss, const Samples& samples, std::int64_t outputs)
      : kind_(score_kind(loss)),
        even_odds_(loss == LossKind::kBinaryCrossEntropy ? 0.5F : 0.0F),
        count_(kind_ == ScoreKind::kAccuracy ? samples.rows : samples.rows * outputs) {
    if (kind_ == ScoreKind::kExplained) spread_ = spread_of(samples, outputs);
  }

  void add(const Predictions& part) {
    for (std::size_t i = 0; i < part.values.size(); ++i) {
      const float value = part.values[i];
      if (kind_ == ScoreKind::kBinaryAccuracy && std::isfinite(value)) {
        right_ += (value > even_odds_) == (part.targets[i] > 0.5F) ? 1 : 0;
      } else if (kind_ == ScoreKind::kExplained) {
        const double error = double{value} - double{part.targets[i]};
        error_ += error * error;
      }
    }
    if (kind_ == ScoreKind::kAccuracy) add_rows(part);
  }

  double score() const {
    if (kind_ == ScoreKind::kExplained) {
      return spread_ > 0.0 && std::isfinite(error_) ? 1.0 - error_ / spread_ : std::nan("");
    }
    return static_cast<double>(right_) / static_cast<double>(count_);
  }

 private:
  /// Of the targets around their means, column by column.
  static double spread_of(const Samples& samples, std::int64_t outputs) {
    const auto cols = static_cast<std::size_t>(outputs);
    const std::vector<double> means = target_means(samples, cols);
    double spread = 0.0;
    for (std::size_t i = 0; i < samples.y.size(); ++i) {
      const double difference = double{samples.y[i]} - means[i % cols];
      spread += difference * difference;
    }
    return spread;
  }

  void add_rows(const Predictions& part) {
    const auto outputs = static_cast<std::size_t>(part.outputs);
    for (std::size_t at = 0; at < part.values.size(); at += outputs) {
      right_ += is_right_class(part.values.subspan(at, outputs), part.targets.subspan(at, outputs))
                    ? 1
                    : 0;
    }
  }

  ScoreKind kind_;
  float even_odds_;
  std::int64_t count_;
  std::int64_t right_ = 0;
  double error_ = 0.0;
  double spread_ = 0.0;
};

}  // namespace

ScoreKind score_kind(LossKind loss) {
  switch (loss) {
    case LossKind::kSoftmaxCrossEntropy:
      return ScoreKind::kAccuracy;
    case LossKind::kBinaryCrossEntropy:
    case LossKind::kBinaryCrossEntropyFromLogits:
      return ScoreKind::kBinaryAccuracy;
    case LossKind::kMse:
      break;
  }
  return ScoreKind::kExplained;
}

std::string_view name(ScoreKind kind) {
  return kind == ScoreKind::kExplained ? "R2" : "accuracy";
}

Evaluation evaluate(Stream& stream, const Sequential& model, LossKind loss_kind,
                    const Samples& samples, Readout readout) {
  if (samples.rows < 1) throw std::invalid_argument("evaluate: there are no samples");
  const auto features = static_cast<std::int64_t>(samples.x.size()) / samples.rows;
  const auto outputs = static_cast<std::int64_t>(samples.y.size()) / samples.rows;
  Tape tape(stream, {.keep_pre_activations = false, .training = false});
  ScoreSum sum(loss_kind, samples, outputs);
  double loss_sum = 0.0;
  for (std::int64_t row = 0; row < samples.rows; row += kRowsAtOnce) {
    const std::int64_t rows = std::min(kRowsAtOnce, samples.rows - row);
    const auto part_of = [&](const std::vector<float>& values, std::int64_t cols) {
      return std::span(values).subspan(static_cast<std::size_t>(row * cols),
                                       static_cast<std::size_t>(rows * cols));
    };
    tape.reset();
    const auto x = Tensor::from_host<float>(stream, {rows, features}, part_of(samples.x, features));
    const auto y = Tensor::from_host<float>(stream, {rows, outputs}, part_of(samples.y, outputs));
    const Tensor prediction = read_out(stream, tape, model.forward(tape, x), readout);
    loss_sum += loss(tape, loss_kind, prediction, y).item() * static_cast<double>(rows);
    sum.add({.values = prediction.to_host<float>(),
             .targets = part_of(samples.y, outputs),
             .outputs = outputs});
  }
  return {.loss = loss_sum / static_cast<double>(samples.rows),
          .score = sum.score(),
          .samples = samples.rows};
}

double constant_prediction_loss(LossKind loss, const Samples& training, const Samples& samples) {
  if (training.rows < 1 || samples.rows < 1) {
    throw std::invalid_argument("constant_prediction_loss: there are no samples");
  }
  const auto outputs = training.y.size() / static_cast<std::size_t>(training.rows);
  const std::vector<double> means = target_means(training, outputs);
  const auto log_of = [](double probability) {
    return std::max(std::log(probability), kMinLogProbability);
  };
  double sum = 0.0;
  for (std::size_t i = 0; i < samples.y.size(); ++i) {
    const double target = double{samples.y[i]};
    const double mean = means[i % outputs];
    if (loss == LossKind::kMse) {
      sum += (target - mean) * (target - mean);
    } else {
      sum -= target * log_of(mean);
      if (loss != LossKind::kSoftmaxCrossEntropy) sum -= (1.0 - target) * log_of(1.0 - mean);
    }
  }
  const auto rows = static_cast<double>(samples.rows);
  return sum /
         (loss == LossKind::kSoftmaxCrossEntropy ? rows : rows * static_cast<double>(outputs));
}

}  // namespace gradvitals
