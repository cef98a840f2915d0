// Optimizers: gradients to new weights. The formulas are in kernels/ops/optimizer.h.
#pragma once

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

/// Updates parameters in place. State (velocities, moments) is kept per Parameter, identified by address
/// and name, so that gradients may come in any order. It is kept if the parameter's value is replaced by
/// one of the same shape, dtype and device (loaded weights), and reset otherwise. Two Parameters whose
/// values share memory have separate states.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// One step, on the stream. `guard` clips it, or skips it if gradients are not finite, on the
  /// device (it reads GradientMonitor::global_stats()). Throws std::invalid_argument naming a
  /// parameter whose gradient has another shape, or that is on another device than the stream, and
  /// for a setting out of range.
  Updates apply(Stream& stream, const Gradients& gradients, const UpdateGuard& guard = {});

 protected:
  /// State of one parameter, initially zero.
  struct State {
    const Parameter* parameter = nullptr;  ///< Identity only: it may be dangling.
    Name name;                             ///< Detects another parameter at the same address.
    Shape shape;
    DType dtype = DType::kFloat32;
    std::vector<Tensor> tensors;  ///< state_count() of them, like the parameter.
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
  virtual int state_count() const = 0;

 private:
  const State& state_of(Stream& stream, std::size_t hint, const Parameter& parameter);
  State new_state(Stream& stream, const Parameter& parameter) const;

  std::vector<State> states_;
};

class Sgd final : public Optimizer {
 public:
  struct Options {
    double learning_rate = 0.01;
  };
  Sgd() = default;
  explicit Sgd(Options options) : options_(options) {}

 private:
  void update(Stream& stream, const Update& update) override;
  int state_count() const override { return 0; }

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

 private:
  void update(Stream& stream, const Update& update) override;
  int state_count() const override { return 1; }

  Options options_;
};

/// A parameter that has no gradient in a step, and one whose update is skipped, does not count the
/// step, as in PyTorch.
class Adam final : public Optimizer {
 public:
  struct Options {
    double learning_rate = 0.001;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
  };
  Adam() = default;
  explicit Adam(Options options) : options_(options) {}

 private:
  void update(Stream& stream, const Update& update) override;
  int state_count() const override { return 2; }

  Options options_;
};

}  // namespace gradvitals
