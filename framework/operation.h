// Operation: what an op leaves on a tape. Read this to add an op; to use ops, read ops.h.
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

/// What the tensors of a layer are called, after its kernel: "dense_1/delta". Tape::watch_names()
/// makes them.
struct WatchNames {
  Name kernel, model, pre_activation, output, delta;
};

/// What an operation offers to watch. It makes the operation a layer of its network.
struct WatchOffer {
  const WatchNames* names = nullptr;
  const Tensor* kernel = nullptr;  ///< An input: operations that share it are of one network.
  Activation activation = Activation::kNone;
  // Tensors of the operation's, or null or without value where there is none (yet).
  const Tensor* pre_activation = nullptr;
  const Tensor* output = nullptr;
  const Tensor* delta = nullptr;  ///< dL/d(pre_activation), of the walk back
};

/// One step of the walk back: the gradient that arrives at an operation's output, and where those
/// of its inputs go.
class BackwardStep {
 public:
  Stream& stream() const;

  /// dL/d(output), of the output's shape.
  const Tensor& grad_output() const { return grad_output_; }
  /// Whether nobody else reads the memory of grad_output(), so that it may be overwritten.
  bool owns_grad_output() const { return owns_grad_output_; }

  /// Whether a variable asked for lies at or upstream of the input. Gradients of other inputs need
  /// not be computed; give() drops them.
  bool needs(int input) const;

  /// Uninitialised memory of the tape's.
  Tensor empty_like(const Tensor& tensor) const;

  /// Hands dL/d(input) on; contributions of several uses are added up.
  void give(int input, const Tensor& gradient);
  /// The same for memory that others read as well (grad_output() itself): it is never overwritten.
  void give_shared(int input, const Tensor& gradient);

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

/// An op that has run forward: its inputs, its output, how a gradient passes back through it, and
/// what it offers to watch.
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

  /// Gives the gradient of every input that needs one. Called at most once, and only if a gradient
  /// arrived at the output.
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
