// Losses of the cpu device: plain float64 loops on one thread. They see the network's last layer
// alone, which is small beside the products that made it.
#include "kernels/ops/loss.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cpu {
namespace {

/// The logistic function and its complement, neither by a subtraction that would cancel.
struct Probability {
  double yes;
  double no;
};

Probability logistic(double logit) {
  const double e = std::exp(-std::fabs(logit));
  const double likely = 1.0 / (1.0 + e);
  const double unlikely = e / (1.0 + e);
  return std::signbit(logit) ? Probability{unlikely, likely} : Probability{likely, unlikely};
}

/// softmax(x)_o = exp(x_o - largest) / sum; both are at least as stable as x is.
struct Softmax {
  double largest;
  double sum;
};

template <class T>
Softmax softmax(std::span<const T> logits) {
  // A NaN that max_element passes over still reaches the sum.
  const double largest = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0.0;
  for (const T logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return {largest, sum};
}

template <class T>
double squared_errors(std::span<const T> prediction, std::span<const T> target) {
  double sum = 0.0;
  for (std::size_t i = 0; i < prediction.size(); ++i) {
    const double error = static_cast<double>(prediction[i]) - static_cast<double>(target[i]);
    sum += error * error;
  }
  return sum;
}

template <class T>
double binary_cross_entropies_from_logits(std::span<const T> logits, std::span<const T> target) {
  double sum = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double p = static_cast<double>(logits[i]);
    const double t = static_cast<double>(target[i]);
    sum += std::max(p, 0.0) - p * t + std::log1p(std::exp(-std::fabs(p)));
  }
  return sum;
}

template <class T>
double binary_cross_entropies(std::span<const T> probabilities, std::span<const T> target) {
  double sum = 0.0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double p = static_cast<double>(probabilities[i]);
    const double t = static_cast<double>(target[i]);
    // NaN first, which std::max then returns.
    sum -= t * std::max(std::log(p), kMinLogProbability) +
           (1.0 - t) * std::max(std::log1p(-p), kMinLogProbability);
  }
  return sum;
}

template <class T>
double softmax_cross_entropy(std::span<const T> logits, std::span<const T> target) {
  const Softmax row = softmax(logits);
  const double log_sum = std::log(row.sum);
  double entropy = 0.0;
  for (std::size_t o = 0; o < logits.size(); ++o) {
    // A class without probability adds nothing, were its logit -infinity (a masked class).
    if (target[o] == 0) continue;
    const double minus_log = log_sum + (row.largest - static_cast<double>(logits[o]));
    entropy += static_cast<double>(target[o]) * minus_log;
  }
  return entropy;
}

template <class T>
std::span<T> elements(const MatrixView<T>& view) {
  return {view.data, static_cast<std::size_t>(view.count())};
}

template <class T>
std::span<T> row_of(const MatrixView<T>& view, std::int64_t row) {
  return {view.data + row * view.cols, static_cast<std::size_t>(view.cols)};
}

template <class T>
double loss(const LossForward<T>& op) {
  const auto& [kind, p, t, unused] = op;
  switch (kind) {
    case LossKind::kMse:
      return squared_errors(elements(p), elements(t)) / static_cast<double>(p.count());
    case LossKind::kBinaryCrossEntropyFromLogits:
      return binary_cross_entropies_from_logits(elements(p), elements(t)) /
             static_cast<double>(p.count());
    case LossKind::kBinaryCrossEntropy:
      return binary_cross_entropies(elements(p), elements(t)) / static_cast<double>(p.count());
    case LossKind::kSoftmaxCrossEntropy:
      break;
  }
  double sum = 0.0;
  for (std::int64_t r = 0; r < p.rows; ++r)
    sum += softmax_cross_entropy(row_of(p, r), row_of(t, r));
  return sum / static_cast<double>(p.rows);
}

template <class T>
void mse_gradient(const LossBackward<T>& op) {
  const std::int64_t count = op.prediction.count();
  const double scale = 2.0 * static_cast<double>(op.dloss.data[0]) / static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const double error =
        static_cast<double>(op.prediction.data[i]) - static_cast<double>(op.target.data[i]);
    op.dprediction.data[i] = static_cast<T>(scale * error);
  }
}

template <class T>
void binary_cross_entropy_from_logits_gradient(const LossBackward<T>& op) {
  const std::int64_t count = op.prediction.count();
  const double scale = static_cast<double>(op.dloss.data[0]) / static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const Probability p = logistic(static_cast<double>(op.prediction.data[i]));
    const double t = static_cast<double>(op.target.data[i]);
    // p - t, which cancels where the prediction is sure and right, written without a difference of
    // near numbers.
    op.dprediction.data[i] = static_cast<T>(scale * ((1.0 - t) * p.yes - t * p.no));
  }
}

template <class T>
void binary_cross_entropy_gradient(const LossBackward<T>& op) {
  const std::int64_t count = op.prediction.count();
  const double scale = static_cast<double>(op.dloss.data[0]) / static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const double p = static_cast<double>(op.prediction.data[i]);
    const double t = static_cast<double>(op.target.data[i]);
    const double variance = std::max(p * (1.0 - p), kMinProbabilityVariance);
    op.dprediction.data[i] = static_cast<T>(scale * ((p - t) / variance));
  }
}

template <class T>
void softmax_cross_entropy_gradient(const LossBackward<T>& op) {
  const double scale =
      static_cast<double>(op.dloss.data[0]) / static_cast<double>(op.prediction.rows);
  for (std::int64_t r = 0; r < op.prediction.rows; ++r) {
    const auto logits = row_of(op.prediction, r);
    const auto target = row_of(op.target, r);
    const auto gradient = row_of(op.dprediction, r);
    const Softmax row = softmax(logits);
    double mass = 0.0;  // 1 for probabilities; the derivative is right for any target.
    for (const T t : target) mass += static_cast<double>(t);
    for (std::size_t o = 0; o < logits.size(); ++o) {
      const double p = std::exp(static_cast<double>(logits[o]) - row.largest) / row.sum;
      gradient[o] = static_cast<T>(scale * (mass * p - static_cast<double>(target[o])));
    }
  }
}

template <class T>
void gradient(const LossBackward<T>& op) {
  switch (op.kind) {
    case LossKind::kMse:
      return mse_gradient(op);
    case LossKind::kBinaryCrossEntropyFromLogits:
      return binary_cross_entropy_from_logits_gradient(op);
    case LossKind::kBinaryCrossEntropy:
      return binary_cross_entropy_gradient(op);
    case LossKind::kSoftmaxCrossEntropy:
      return softmax_cross_entropy_gradient(op);
  }
}

template <class T>
void loss_forward(CpuBackend& /*backend*/, const LossForward<T>& op) {
  op.loss.data[0] = static_cast<T>(loss(op));
}

template <class T>
void loss_backward(CpuBackend& /*backend*/, const LossBackward<T>& op) {
  gradient(op);
}

const KernelsOf<loss_forward<float>, loss_forward<double>, loss_backward<float>,
                loss_backward<double>>
    registered;

}  // namespace
}  // namespace gradvitals::cpu
