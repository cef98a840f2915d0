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

/// dL/d(parameter). No value: the loss does not depend on the parameter.
struct Gradient {
  Parameter* parameter = nullptr;
  std::optional<Tensor> value;  ///< Of the parameter's shape and dtype.
};

/// One entry per parameter passed to gradient(), in that order.
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

  /// dL/dp for every parameter p, in their order. Only ops between the parameters and the loss are
  /// differentiated. Gradients share no memory, unless the parameters do. Throws
  /// std::invalid_argument if the loss is not a scalar or was not recorded here, if a parameter is the
  /// result of an op, and when called a second time without reset().
  Gradients gradient(const Tensor& loss, std::span<Parameter* const> parameters);
  Gradients gradient(const Tensor& loss, std::initializer_list<Parameter*> parameters) {
    return gradient(loss, std::span(parameters.begin(), parameters.size()));
  }

  /// Everything the monitor can watch: the gradients in the order of the parameters (with null data
  /// for those that do not exist), then pre_activation, output and delta of each layer, as far as they
  /// were kept or computed, and last the loss. A layer is an op that offers them (Operation::watch()).
  /// A gradient has the layer, network and activation of the first layer that uses its parameter, else
  /// the network of the first op that does, else -1. Valid until reset() and as long as the tape and
  /// the parameters live.
  ///
  /// Layers belong to one `network` if one depends on the other, through any ops: a trunk with its
  /// heads, the two branches of a residual block, a generator and its discriminator. Layers that share
  /// a kernel, as when a model runs twice, do as well. Sharing only an input or the loss does not
  /// connect them, nor does a tensor that was not recorded here, through which no gradient passes.
  /// Networks are numbered in the order of their first layers. `layer` counts the layers of a network
  /// so that every head has the last number: branches of different lengths differ at the input side.
  std::vector<TensorView> views() const;
  /// Only the gradients of views(); none before gradient(). They cost least to watch, but do not show
  /// the loss, nor how signals shrink or grow from layer to layer: a network that is found vanishing
  /// by views() may pass for healthy. Valid as views() are.
  std::vector<TensorView> gradient_views() const;

  /// Forgets every op and result. Handles that the caller holds stay valid; views do not.
  void reset();

  Stream& stream() { return stream_; }
  const Options& options() const { return options_; }

  // For ops.

  /// Throws std::invalid_argument, naming `op`, unless all tensors are on the tape's device and of
  /// one dtype.
  void check_operands(const char* op, std::initializer_list<const Tensor*> operands) const;
  /// Uninitialised memory, reused from the previous step if it fits.
  Tensor empty(const Shape& shape, DType dtype);
  /// Takes an op that has run, and returns its output. Throws std::invalid_argument on a spent
  /// tape.
  Tensor record(std::unique_ptr<Operation> operation);
  /// Names for what the op to be recorded offers to watch, made from its kernel's, which need not
  /// live on. Valid until reset().
  const WatchNames* watch_names(const Parameter& kernel);

 private:
  friend class BackwardStep;

  // Where an input's gradient goes: the output of an op, a parameter, or nowhere.
  static constexpr int kNowhere = TapeLink::kNowhere;
  using Sinks = std::array<int, Operation::kMaxInputs>;

  struct Accumulator {
    Tensor sum;
    bool owned = false;  // sum is the only reference to its memory.
  };

  struct ParameterSlot {
    const void* memory;
    int index;
  };

  // Where a parameter is: with the layer that uses it.
  struct ParameterPlace {
    LayerPlace place;
    Activation activation = Activation::kNone;
  };

  // Position of the op whose output the tensor is, or kNowhere.
  int find(const Tensor& tensor) const;
  void check_loss(const Tensor& loss) const;
  void index_parameters(std::span<Parameter* const> parameters);
  int index_of_parameter(const Tensor& tensor) const;
  int sink_of(const Tensor& tensor, int position) const;
  bool leads_to_parameter(int position) const;
  void route(int last);
  bool find_links(std::vector<TapeLink>& links) const;
  void place_parameters(int last);
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
  std::vector<ParameterPlace> places_of_gradients_;

  // Memory, handed out in the same order in every step: the n-th request of a step gets what the
  // n-th of the step before got, if the shape fits and it is no longer referenced.
  std::vector<Tensor> memory_;
  std::size_t memory_used_ = 0;

  // Working storage of gradient(). Sinks count the operations first, then the parameters.
  std::vector<ParameterSlot> parameters_;
  std::vector<Sinks> sinks_;
  std::vector<Accumulator> accumulators_;
  std::vector<ParameterPlace> places_of_parameters_;
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
