#include "framework/losses.h"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "framework/dispatch.h"

namespace gradvitals {
namespace {

class LossOperation final : public Operation {
 public:
  LossOperation(LossKind kind, const Tensor& prediction, const Tensor& target, const Tensor& loss)
      : Operation({prediction, target}, loss), kind_(kind) {}

  void backward(BackwardStep& step) override {
    if (step.needs_grad(1)) {
      throw std::invalid_argument(
          fmt::format("{}: a parameter is upstream of the target {}, and no gradient flows there",
                      name(kind_), input(1).shape().text()));
    }
    const Tensor gradient = step.empty_like(input(0));
    dispatch("loss", gradient.dtype(), [&]<class T>() {
      loss_backward(step.stream(), LossBackward<T>{.kind = kind_,
                                                   .prediction = input(0).as<T>(),
                                                   .target = input(1).as<T>(),
                                                   .dloss = step.grad_output().flat<T>(),
                                                   .dprediction = gradient.as<T>()});
    });
    step.accumulate(0, gradient);
  }

 private:
  LossKind kind_;
};

}  // namespace

Tensor loss(Tape& tape, LossKind kind, const Tensor& prediction, const Tensor& target) {
  const std::string op(name(kind));
  tape.check_operands(op.c_str(), {&prediction, &target});
  if (prediction.shape() != target.shape()) {
    throw std::invalid_argument(fmt::format("{}: prediction {} does not fit target {}", op,
                                            prediction.shape().text(), target.shape().text()));
  }
  const Tensor result = tape.empty({}, prediction.dtype());
  dispatch(op.c_str(), prediction.dtype(), [&]<class T>() {
    loss_forward(tape.stream(), LossForward<T>{.kind = kind,
                                               .prediction = prediction.as<T>(),
                                               .target = target.as<T>(),
                                               .loss = result.flat<T>()});
  });
  return tape.record(std::make_unique<LossOperation>(kind, prediction, target, result));
}

Tensor mse(Tape& tape, const Tensor& prediction, const Tensor& target) {
  return loss(tape, LossKind::kMse, prediction, target);
}

Tensor binary_cross_entropy_from_logits(Tape& tape, const Tensor& logits, const Tensor& target) {
  return loss(tape, LossKind::kBinaryCrossEntropyFromLogits, logits, target);
}

Tensor binary_cross_entropy(Tape& tape, const Tensor& probabilities, const Tensor& target) {
  return loss(tape, LossKind::kBinaryCrossEntropy, probabilities, target);
}

Tensor softmax_cross_entropy(Tape& tape, const Tensor& logits, const Tensor& target) {
  return loss(tape, LossKind::kSoftmaxCrossEntropy, logits, target);
}

}  // namespace gradvitals
