// Differentiable ops. Each runs at once on the tape's stream and records itself; models are made by
// composing them, with no class to derive from. All throw std::invalid_argument naming the op and
// the shapes, dtypes or devices that do not fit.
#pragma once

#include "framework/parameter.h"
#include "framework/tape.h"
#include "framework/tensor.h"
#include "kernels/ops/activation.h"

namespace gradvitals {

/// activation(x kernel + bias): x (B,I), kernel (I,O), bias (O) -> (B,O). A layer, to the monitor.
Tensor dense(Tape& tape, const Tensor& x, const Parameter& kernel, const Parameter& bias,
             Activation activation);
/// The same without bias.
Tensor dense(Tape& tape, const Tensor& x, const Parameter& kernel, Activation activation);

/// a b: a (M,K), b (K,N) -> (M,N).
Tensor matmul(Tape& tape, const Tensor& a, const Tensor& b);

/// a + b, of equal shapes.
Tensor add(Tape& tape, const Tensor& a, const Tensor& b);

/// a * b element by element, of equal shapes.
Tensor multiply(Tape& tape, const Tensor& a, const Tensor& b);

/// activation(x), element by element.
Tensor activate(Tape& tape, const Tensor& x, Activation activation);

}  // namespace gradvitals
