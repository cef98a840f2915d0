// Differentiable ops. Each runs at once on the tape's stream and records itself; models are made by
// composing them, with no class to derive from. All throw std::invalid_argument naming the op and
// the shapes, dtypes or devices that do not fit.
#pragma once

#include "framework/parameter.h"
#include "framework/tape.h"
#include "framework/tensor.h"
#include "kernels/ops/activation.h"
#include "kernels/ops/layer_norm.h"
#include "kernels/ops/random.h"
#include "kernels/runtime/buffer.h"

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

/// gamma n + beta, with n the rows of the last dimension brought to mean 0 and variance 1: x (...,C),
/// gamma and beta (C).
Tensor layer_norm(Tape& tape, const Tensor& x, const Parameter& gamma, const Parameter& beta,
                  double epsilon = kLayerNormEpsilon);

/// Generator of the masks of one dropout: the key and a counter determine each mask.
struct DropoutMasks {
  DropoutMasks(Stream& stream, RandomKey random_key);

  RandomKey key;
  Buffer counter;  ///< One uint64, on the device: each dropout() adds 1.
};

/// x * (kept ? 1 / (1 - rate) : 0), the next mask deciding what is kept. x itself where the tape does
/// not train, and for a rate of 0. Throws std::invalid_argument for a rate outside of [0, 1).
Tensor dropout(Tape& tape, const Tensor& x, double rate, const DropoutMasks& masks);

}  // namespace gradvitals
