// Evaluation: how good a model's predictions are.
#pragma once

#include <cstdint>
#include <string_view>

#include "framework/sequential.h"
#include "kernels/ops/loss.h"
#include "kernels/runtime/stream.h"
#include "training/training_data.h"

namespace gradvitals {

/// What a score measures. The loss decides it.
enum class ScoreKind : std::uint8_t {
  kAccuracy,  ///< softmax_cross_entropy: share of samples whose largest output is the right one.
  /// Binary losses: share of outputs on the right side of even odds.
  kBinaryAccuracy,
  kExplained,  ///< mse: 1 - mse / variance of the targets (R squared); may be negative.
};

ScoreKind score_kind(LossKind loss);
/// "accuracy", "accuracy" or "R2", for tables.
std::string_view name(ScoreKind kind);

/// What makes predictions of a model's outputs.
enum class Readout : std::uint8_t {
  kOutputs,  ///< Nothing: the outputs are what the loss takes.
  kSigmoid,  ///< Probabilities of logits, each by itself.
  kSoftmax,  ///< Probabilities of a row of logits, which add up to 1.
};

struct Evaluation {
  double loss = 0.0;  ///< Mean over the samples.
  /// Predictions that are not finite are wrong; of kExplained the score is then NaN, and so it is
  /// where the targets do not vary.
  double score = 0.0;
  std::int64_t samples = 0;
};

/// Runs the model on the samples, as in use: no dropout. Throws std::invalid_argument where their
/// shapes do not fit the model, and for no samples.
Evaluation evaluate(Stream& stream, const Sequential& model, LossKind loss, const Samples& samples,
                    Readout readout = Readout::kOutputs);

/// The loss of the best predictions that do not look at the sample: for each output the mean of the
/// targets in `training`, or the logits of that. `samples` are what they are judged on. Throws
/// std::invalid_argument for no samples.
double constant_prediction_loss(LossKind loss, const Samples& training, const Samples& samples);

}  // namespace gradvitals
