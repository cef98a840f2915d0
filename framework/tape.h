// Tape: records ops as they run and walks back through them, as TensorFlow's GradientTape does.
#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "framework/layer_places.h"
#include "framework/operation.h"
#include "framework/parameter.h"
#include "framework/tensor.h"
#include "kernels/ops/activation.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// dL/d(variable). No value: the loss does not depend on the variable.
struct Gradient {
  Parameter* variable = nullptr;
  std::optional<Tensor> value;  ///< Of the variable's shape and dtype.
};

/// One entry per variable asked for, in the order asked.
using Gradients = std::vector<Gradient>;

/// Records the ops that run on it; gradient() may then be called once.
///
///     Tape tape(stream);
///     auto y = model.forward(tape, x);
///     auto loss = mse(tape, y, target);
///     auto gradients = tape.gradient(loss, model.trainable_variables());
///
/// A training loop keeps one tape and calls reset() before each step: the memory of the step before
/// is used again, except what the caller still holds.
class Tape {
 public:
  struct Options {
    /// Keep z of every layer for the monitor. Without it, z is kept only where the derivative
    /// needs it (derivative_needs_pre_activation()).
    bool keep_pre_activations = true;
    /// Whether layers that behave differently in training (Dropout) do so.
    bool training = true;
  };

  explicit Tape(Stream stream) : Tape(stream, Options{}) {}
  Tape(Stream stream, Options options) : stream_(stream), options_(options) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// dL/dv for every variable, in the order asked. Only what leads to them is computed. No two
  /// variables' gradients share memory, unless the variables do. Throws std::invalid_argument where
  /// the loss is no scalar or was not recorded here, where a variable is the result of an op, and
  /// when called a second time without reset().
  Gradients gradient(const Tensor& loss, std::span<Parameter* const> variables);
  Gradients gradient(const Tensor& loss, std::initializer_list<Parameter*> variables) {
    return gradient(loss, std::span(variables.begin(), variables.size()));
  }

  /// Everything the monitor can watch: the gradients in the order asked (those that do not exist
  /// with null data), then pre_activation, output and delta of each layer, which is an op that
  /// offers them (Operation::watch()), as far as they were kept or reached, and last the loss. A
  /// gradient has the layer, network and activation of the first layer that uses its variable, or
  /// else the network of the first op that does; -1 where none does. Valid until reset() or the
  /// tape's end, and as long as the variables asked for live.
  ///
  /// Layers are of one `network` where one takes what the other gives, through whatever ops lie
  /// between: a trunk with its heads, a way around a layer, a generator with the discriminator that
  /// it feeds; and where they share a kernel, as the runs of a model that runs twice. What meets in
  /// the loss alone, or only reads the same input, is apart, and so is what is fed by a tensor that
  /// was not recorded here, through which no gradient passes. Networks are numbered in the order in
  /// which they begin. `layer` counts the layers of a network towards its outputs, so that the
  /// last number is that of every head: ways of different lengths differ at the input side.
  std::vector<TensorView> views() const;
  /// The gradients of views() alone, in the order asked, those that do not exist with null data;
  /// none before gradient(). They cost least to watch, but tell nothing of the loss, nor of how
  /// signals fade or grow from layer to layer: a network that views() show vanishing may pass for
  /// healthy. Valid as views() are.
  std::vector<TensorView> gradient_views() const;

  /// Forgets every op and result. Handles that the caller holds stay valid; views do not.
  void reset();

  Stream& stream() { return stream_; }
  const Options& options() const { return options_; }

  // For ops.

  /// Throws std::invalid_argument, naming `op`, unless all tensors are on the tape's device and of
  /// one dtype.
  void check_operands(const char* op, std::initializer_list<const Tensor*> operands) const;
  /// Uninitialised memory, from the step before where it fits.
  Tensor empty(const Shape& shape, DType dtype);
  /// Takes an op that has run, and returns its output. Throws std::invalid_argument on a spent
  /// tape.
  Tensor record(std::unique_ptr<Operation> operation);
  /// Names for what the op to be recorded offers to watch, made from its kernel's, which need not
  /// live on. Valid until reset().
  const WatchNames* watch_names(const Parameter& kernel);

 private:
  friend class BackwardStep;

  // Where an input's gradient goes: the output of an op, a variable, or nowhere.
  static constexpr int kNowhere = TapeLink::kNowhere;
  using Sinks = std::array<int, Operation::kMaxInputs>;

  struct Accumulator {
    Tensor sum;
    bool owned = false;  // Nobody else reads sum's memory.
  };

  struct VariableSlot {
    const void* memory;
    int index;
  };

  // Where a variable is: with the layer that uses it.
  struct VariablePlace {
    LayerPlace place;
    Activation activation = Activation::kNone;
  };

  // Position of the op whose output the tensor is, or kNowhere.
  int find(const Tensor& tensor) const;
  void check_loss(const Tensor& loss) const;
  void index_variables(std::span<Parameter* const> variables);
  int index_of_variable(const Tensor& tensor) const;
  int sink_of(const Tensor& tensor, int position) const;
  bool leads_to_variable(int position) const;
  void route(int last);
  bool find_links(std::vector<TapeLink>& links) const;
  void place_variables(int last);
  void walk_back(const Tensor& loss, int last);
  void accumulate(int sink, const Tensor& gradient, bool owned);
  const Tensor& one_like(const Tensor& loss);
  void append_gradients(std::vector<TensorView>& views) const;
  static void append_offer(const WatchOffer& offer, const LayerPlace& place,
                           std::vector<TensorView>& views);

  Stream stream_;
  Options options_;
  bool spent_ = false;

  std::vector<std::unique_ptr<Operation>> operations_;
  Gradients gradients_;
  Tensor loss_;  // Of gradient().
  std::vector<VariablePlace> places_of_gradients_;

  // Memory, handed out in the same order in every step: the n-th request of a step gets what the
  // n-th of the step before got, if the shape fits and nobody holds it any more.
  std::vector<Tensor> memory_;
  std::size_t memory_used_ = 0;

  // Working storage of gradient(). Sinks count the operations first, then the variables.
  std::vector<VariableSlot> variables_;
  std::vector<Sinks> sinks_;
  std::vector<Accumulator> accumulators_;
  std::vector<VariablePlace> places_of_variables_;
  Tensor one_;

  // Of the last gradient(): as a rule the next step links its ops alike, and its layers are where
  // they were.
  std::vector<TapeLink> links_;
  std::vector<LayerPlace> places_;

  // Kept over resets, as memory_ is: a step that is watched makes no strings. A deque: operations
  // point into it while it grows.
  std::deque<WatchNames> names_;
  std::size_t names_used_ = 0;
};

}  // namespace gradvitals
