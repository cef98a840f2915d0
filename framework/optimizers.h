// Optimizers: gradients to new weights. The formulas are in kernels/ops/optimizer.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/parameter.h"
#include "framework/shape.h"
#include "framework/tape.h"
#include "framework/tensor.h"
#include "kernels/ops/optimizer.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/dtype.h"
#include "kernels/stats/name.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// What one step changed.
struct Updates {
  struct Entry {
    Parameter* parameter = nullptr;
    bool applied = false;  ///< false: the parameter had no gradient and was left alone.
  };
  std::vector<Entry> entries;  ///< In the order of the gradients.
  /// (P) float64, on the device: per entry the sum of (w_after - w_before)^2, 0 where not applied.
  Tensor sum_squares;

  /// What was applied, for the monitor: of each entry a view of role update_squares, of the parameter's
  /// name. Valid as long as this is.
  std::vector<TensorView> views() const;
};

/// A tensor of an optimizer's state.
struct OptimizerTensor {
  /// The parameter's and its own: "dense/kernel/velocity".
  std::string name;
  Tensor value;
};

/// Updates parameters in place. State (velocities, moments) is kept per Parameter, identified by address
/// and name, so that gradients may come in any order. It is kept if the parameter's value is replaced by
/// one of the same shape, dtype and device (loaded weights), and reset otherwise. Two Parameters whose
/// values share memory have separate states.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// One step, on the stream. `guard` clips it, or skips it if gradients are not finite or too large, on
  /// the device (it reads GradientMonitor::global_stats()). Throws std::invalid_argument naming a
  /// parameter whose gradient has another shape, or that is on another device than the stream, and
  /// for a setting out of range.
  Updates apply(Stream& stream, const Gradients& gradients, const UpdateGuard& guard = {});

  /// Of the next apply(), unless the control of its guard has another.
  virtual double learning_rate() const = 0;
  /// Throws std::invalid_argument for what is not finite.
  void set_learning_rate(double rate);

  /// What a checkpoint needs, besides weights and options, to go on with the same bits. Of each parameter,
  /// of its shape and dtype: "dense/kernel/velocity" (Momentum), "dense/kernel/first_moment" and
  /// "dense/kernel/second_moment" (Adam and AdamW); of the latter also "dense/kernel/steps", (1) float64.
  /// Zeros for a parameter without a step so far. Copies, on the stream's device; waits for the stream.
  /// Throws std::invalid_argument naming parameters that share a name, or are on another device.
  std::vector<OptimizerTensor> state(Stream& stream, std::span<Parameter* const> parameters) const;

  /// Takes over what state() of the same kind of optimizer gave, in any order and from any device. Throws
  /// std::invalid_argument naming the tensor that is missing, is there twice, belongs to none of the
  /// parameters or is of another shape or dtype than its parameter; nothing is changed then, nor where
  /// state() would throw.
  void load_state(Stream& stream, std::span<Parameter* const> parameters,
                  std::span<const OptimizerTensor> tensors);

 protected:
  /// State of one parameter, initially zero.
  struct State {
    const Parameter* parameter = nullptr;  ///< Identity only: it may be dangling.
    Name name;                             ///< Detects another parameter at the same address.
    Shape shape;
    DType dtype = DType::kFloat32;
    std::vector<Tensor> tensors;  ///< One for each of state_names(), like the parameter.
    Buffer steps;                 ///< One std::int64_t: the updates applied.
  };

  /// One parameter's part of a step.
  struct Update {
    const Tensor& gradient;
    const Tensor& weight;
    const State& state;
    VectorView<double> sum_squares;  ///< (1), of what is applied.
    const UpdateGuard& guard;
  };

  virtual void update(Stream& stream, const Update& update) = 0;
  /// "velocity": what its tensors of state are called behind the name of their parameter.
  virtual std::vector<std::string_view> state_names() const = 0;
  /// Whether State::steps matters to it.
  virtual bool counts_steps() const { return false; }
  virtual void take_learning_rate(double rate) = 0;

 private:
  /// What load_state() takes over for one parameter.
  struct LoadedState {
    std::vector<const Tensor*> tensors;
    std::int64_t steps = 0;
  };

  static bool fits(const State& state, const Parameter& parameter);
  std::size_t place_of(std::size_t hint, const Parameter& parameter) const;
  const State& state_of(Stream& stream, std::size_t hint, const Parameter& parameter);
  State new_state(Stream& stream, const Parameter& parameter) const;
  void check_stateful(const Stream& stream, std::span<Parameter* const> parameters) const;
  std::vector<LoadedState> find_state(std::span<Parameter* const> parameters,
                                      std::span<const OptimizerTensor> tensors) const;

  std::vector<State> states_;
};

class Sgd final : public Optimizer {
 public:
  struct Options {
    double learning_rate = 0.01;
  };
  Sgd() = default;
  explicit Sgd(Options options) : options_(options) {}

  double learning_rate() const override { return options_.learning_rate; }

 private:
  void update(Stream& stream, const Update& update) override;
  std::vector<std::string_view> state_names() const override { return {}; }
  void take_learning_rate(double rate) override { options_.learning_rate = rate; }

  Options options_;
};

class Momentum final : public Optimizer {
 public:
  struct Options {
    double learning_rate = 0.01;
    double momentum = 0.9;
    bool nesterov = false;
  };
  Momentum() = default;
  explicit Momentum(Options options) : options_(options) {}

  double learning_rate() const override { return options_.learning_rate; }

 private:
  void update(Stream& stream, const Update& update) override;
  std::vector<std::string_view> state_names() const override { return {"velocity"}; }
  void take_learning_rate(double rate) override { options_.learning_rate = rate; }

  Options options_;
};

/// A parameter that has no gradient in a step, and one whose update is skipped, does not count the
/// step, as in PyTorch.
class Adam : public Optimizer {
 public:
  struct Options {
    double learning_rate = 0.001;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
  };
  Adam() = default;
  explicit Adam(Options options) : options_(options) {}

  double learning_rate() const override { return options_.learning_rate; }

 protected:
  Adam(Options options, double weight_decay) : options_(options), weight_decay_(weight_decay) {}

 private:
  void update(Stream& stream, const Update& update) override;
  std::vector<std::string_view> state_names() const override {
    return {"first_moment", "second_moment"};
  }
  bool counts_steps() const override { return true; }
  void take_learning_rate(double rate) override { options_.learning_rate = rate; }

  Options options_;
  double weight_decay_ = 0.0;
};

/// Adam that also moves every weight towards 0, by learning_rate * weight_decay of it in a step. It decays
/// all parameters that it is given, biases too.
class AdamW final : public Adam {
 public:
  struct Options {
    double learning_rate = 0.001;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double weight_decay = 0.01;  ///< PyTorch's default; Keras has 0.004.
  };
  AdamW();
  explicit AdamW(Options options);
};

}  // namespace gradvitals
