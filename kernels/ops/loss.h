// Losses: a scalar from predictions and targets, and its derivative.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

enum class LossKind : std::uint8_t {
  kMse,                           ///< mean over all B*O elements of (p - t)^2
  kBinaryCrossEntropyFromLogits,  ///< mean over all B*O elements of max(p,0) - p t + log1p(e^-|p|)
  /// Mean over all B*O elements of -t log p - (1 - t) log(1 - p), p and t in [0, 1], as PyTorch's
  /// BCELoss has it: logarithms are not below kMinLogProbability, and the derivative is
  /// (p - t) / max(p (1 - p), kMinProbabilityVariance). Where p leaves [0, 1] the loss is NaN.
  kBinaryCrossEntropy,
  kSoftmaxCrossEntropy,  ///< mean over the B rows of -sum_o t_o log softmax(p)_o, 0 log 0 = 0
};

inline constexpr double kMinLogProbability = -100.0;
inline constexpr double kMinProbabilityVariance = 1e-12;

/// "mse", "binary_cross_entropy_from_logits", "binary_cross_entropy" or "softmax_cross_entropy".
std::string_view name(LossKind loss);

/// The inverse of name(), and the short names "cross_entropy", "bce_with_logits" and "bce". Of the
/// two last, both are from logits; what "bce" means in a model file, its head decides
/// (framework/io/model_file.h).
std::optional<LossKind> parse_loss(std::string_view text);

/// loss[0] = kind(prediction, target), summed in float64, stable for every finite logit.
template <class T>
struct LossForward {
  LossKind kind = LossKind::kMse;
  MatrixView<const T> prediction;  ///< (B,O); logits, but for mse and kBinaryCrossEntropy
  MatrixView<const T> target;      ///< (B,O); probabilities (one-hot rows) for the softmax
  VectorView<T> loss;              ///< (1)
};

/// dprediction = dloss[0] * dkind/dprediction.
template <class T>
struct LossBackward {
  LossKind kind = LossKind::kMse;
  MatrixView<const T> prediction;  ///< (B,O)
  MatrixView<const T> target;      ///< (B,O)
  VectorView<const T> dloss;       ///< (1), the gradient that arrives at the loss
  MatrixView<T> dprediction;       ///< (B,O)
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the shapes; an
/// empty batch has no mean and is refused.
template <class T>
void loss_forward(Stream& stream, const LossForward<T>& op);
template <class T>
void loss_backward(Stream& stream, const LossBackward<T>& op);

}  // namespace gradvitals
