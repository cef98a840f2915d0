#include "kernels/ops/loss.h"

#include <array>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

using validate::memory;

struct LossName {
  LossKind kind;
  std::string_view name;
};

constexpr std::array kLosses = {
    LossName{LossKind::kMse, "mse"},
    LossName{LossKind::kBinaryCrossEntropyFromLogits, "binary_cross_entropy_from_logits"},
    LossName{LossKind::kBinaryCrossEntropy, "binary_cross_entropy"},
    LossName{LossKind::kSoftmaxCrossEntropy, "softmax_cross_entropy"},
};

constexpr std::array kShortNames = {
    LossName{LossKind::kBinaryCrossEntropyFromLogits, "bce"},
    LossName{LossKind::kBinaryCrossEntropyFromLogits, "bce_with_logits"},
    LossName{LossKind::kSoftmaxCrossEntropy, "cross_entropy"},
};

constexpr std::string_view kForward = "loss_forward";
constexpr std::string_view kBackward = "loss_backward";

template <class View>
void scalar(std::string_view op, std::string_view argument, const View& view) {
  validate::readable(op, argument, view);
  if (view.count != 1) {
    validate::shape_mismatch(op, validate::shape(argument, view), {"a scalar", 1, 1, true});
  }
}

/// Both ops average over the same two arguments.
template <class Op>
void check_batch(std::string_view name, const Op& op) {
  validate::readable(name, "prediction", op.prediction);
  validate::fits(name, "target", op.target, "prediction", op.prediction);
  if (op.prediction.count() == 0) {
    validate::fail(name, "prediction " + shape_text(op.prediction.rows, op.prediction.cols) +
                             " is empty and has no mean");
  }
}

template <class T>
void check(const LossForward<T>& op) {
  check_batch(kForward, op);
  scalar(kForward, "loss", op.loss);
  validate::outputs_disjoint(kForward, {memory("loss", op.loss)},
                             {memory("prediction", op.prediction), memory("target", op.target)});
}

template <class T>
void check(const LossBackward<T>& op) {
  check_batch(kBackward, op);
  scalar(kBackward, "dloss", op.dloss);
  validate::fits(kBackward, "dprediction", op.dprediction, "prediction", op.prediction);
  validate::outputs_disjoint(kBackward, {memory("dprediction", op.dprediction)},
                             {memory("prediction", op.prediction), memory("target", op.target),
                              memory("dloss", op.dloss)});
}

}  // namespace

std::string_view name(LossKind loss) {
  return kLosses.at(static_cast<std::size_t>(loss)).name;
}

std::optional<LossKind> parse_loss(std::string_view text) {
  for (const LossName& loss : kLosses) {
    if (text == loss.name) return loss.kind;
  }
  for (const LossName& loss : kShortNames) {
    if (text == loss.name) return loss.kind;
  }
  return std::nullopt;
}

template <class T>
void loss_forward(Stream& stream, const LossForward<T>& op) {
  check(op);
  run_kernel(stream, "loss_forward", op);
}

template <class T>
void loss_backward(Stream& stream, const LossBackward<T>& op) {
  check(op);
  run_kernel(stream, "loss_backward", op);
}

template void loss_forward(Stream&, const LossForward<float>&);
template void loss_forward(Stream&, const LossForward<double>&);
template void loss_backward(Stream&, const LossBackward<float>&);
template void loss_backward(Stream&, const LossBackward<double>&);

}  // namespace gradvitals
