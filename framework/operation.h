// Operation: the record of an op on a tape. Read this to add an op; to use ops, read ops.h.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "framework/tensor.h"
#include "kernels/stats/activation_type.h"
#include "kernels/stats/name.h"

namespace gradvitals {

class Tape;

/// Names of the tensors of a layer, derived from that of its kernel: "dense_1/delta". Made by
/// Tape::watch_names().
struct WatchNames {
  Name kernel, model, pre_activation, output, delta;
};

/// The tensors of an operation that the monitor can watch. An operation with an offer counts as a
/// layer of its network.
struct WatchOffer {
  const WatchNames* names = nullptr;
  const Tensor* kernel = nullptr;  ///< An input: operations that share it are of one network.
  Activation activation = Activation::kNone;
  // Null or without value if the operation does not have the tensor, or not yet.
  const Tensor* pre_activation = nullptr;
  const Tensor* output = nullptr;
  const Tensor* delta = nullptr;  ///< dL/d(pre_activation), after the backward pass
};

/// The backward pass of one operation: takes the gradient of its output and accumulates those of its
/// inputs.
class BackwardStep {
 public:
  Stream& stream() const;

  /// dL/d(output), of the output's shape.
  const Tensor& grad_output() const { return grad_output_; }
  /// Whether grad_output() is the only reference to its memory, so that it may be overwritten.
  bool owns_grad_output() const { return owns_grad_output_; }

  /// Whether the gradient of the input is needed: it is, or depends on, a parameter of this
  /// Tape::gradient(). Other gradients need not be computed; accumulate() drops them.
  bool needs_grad(int input) const;

  /// Uninitialised memory from the tape's pool.
  Tensor empty_like(const Tensor& tensor) const;

  /// Adds to dL/d(input). The tape may later overwrite the memory of `gradient`.
  void accumulate(int input, const Tensor& gradient);
  /// The same for memory that is shared, such as grad_output() itself: it is never overwritten.
  void accumulate_alias(int input, const Tensor& gradient);

 private:
  friend class Tape;
  BackwardStep(Tape& tape, int position, Tensor grad_output, bool owns_grad_output)
      : tape_(tape),
        position_(position),
        grad_output_(std::move(grad_output)),
        owns_grad_output_(owns_grad_output) {}

  int sink(int input) const;

  Tape& tape_;
  int position_;
  Tensor grad_output_;
  bool owns_grad_output_;
};

/// An op that has run forward: its inputs, its output, its backward pass and the tensors that it
/// offers to watch.
class Operation {
 public:
  static constexpr int kMaxInputs = 3;

  /// Throws std::invalid_argument for more than kMaxInputs inputs.
  Operation(std::initializer_list<Tensor> inputs, Tensor output);
  virtual ~Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  std::span<const Tensor> inputs() const { return {inputs_.data(), input_count_}; }
  const Tensor& input(int index) const { return inputs_[static_cast<std::size_t>(index)]; }
  const Tensor& output() const { return output_; }

  /// Accumulates the gradient of every input that needs one. Called at most once, and only if the
  /// output has a gradient.
  virtual void backward(BackwardStep& step) = 0;

  /// What the monitor may watch of it. By default nothing: such an operation is no layer.
  virtual WatchOffer watch() const { return {}; }

 private:
  friend class Tape;
  std::array<Tensor, kMaxInputs> inputs_;
  std::size_t input_count_;
  Tensor output_;
};

}  // namespace gradvitals
