// Losses: scalars to differentiate. The formulas are in kernels/ops/loss.h. Gradients flow to the
// prediction alone: gradient() refuses a parameter upstream of a target.
#pragma once

#include "framework/tape.h"
#include "framework/tensor.h"
#include "kernels/ops/loss.h"

namespace gradvitals {

/// kind(prediction, target), both (B,O) -> (). Throws std::invalid_argument naming the loss and
/// both shapes, or an empty batch.
Tensor loss(Tape& tape, LossKind kind, const Tensor& prediction, const Tensor& target);

/// Mean over all B*O elements of (prediction - target)^2.
Tensor mse(Tape& tape, const Tensor& prediction, const Tensor& target);

/// Mean over all B*O elements; targets in [0, 1].
Tensor binary_cross_entropy_from_logits(Tape& tape, const Tensor& logits, const Tensor& target);

/// Mean over all B*O elements; probabilities and targets in [0, 1].
Tensor binary_cross_entropy(Tape& tape, const Tensor& probabilities, const Tensor& target);

/// Mean over the B rows; each target row sums to 1.
Tensor softmax_cross_entropy(Tape& tape, const Tensor& logits, const Tensor& target);

}  // namespace gradvitals
