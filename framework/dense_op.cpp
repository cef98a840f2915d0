#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "framework/dispatch.h"
#include "framework/ops.h"
#include "kernels/ops/dense.h"

namespace gradvitals {
namespace {

/// Inputs x, kernel and, where there is one, bias.
class DenseOperation final : public Operation {
 public:
  DenseOperation(std::initializer_list<Tensor> inputs, Tensor y, Tensor z, Activation activation,
                 const WatchNames* names)
      : Operation(inputs, std::move(y)), z_(std::move(z)), activation_(activation), names_(names) {}

  void backward(BackwardStep& step) override {
    dispatch("dense", output().dtype(), [&]<class T>() { accumulate_gradients<T>(step); });
  }

  WatchOffer watch() const override {
    return {.names = names_,
            .kernel = &input(1),
            .activation = activation_,
            .pre_activation = activation_ == Activation::kLinear ? &output() : &z_,
            .output = &output(),
            .delta = &delta_};
  }

 private:
  template <class T>
  void accumulate_gradients(BackwardStep& step) {
    const auto gradient_of = [&](std::size_t index) {
      const bool wanted = index < inputs().size() && step.needs_grad(static_cast<int>(index));
      return wanted ? step.empty_like(inputs()[index]) : Tensor();
    };
    const Tensor dx = gradient_of(0), dw = gradient_of(1), db = gradient_of(2);
    const Tensor delta = step.owns_grad_output() ? step.grad_output() : step.empty_like(output());
    DenseBackward<T> op;
    op.x = input(0).as<T>();
    op.w = input(1).as<T>();
    op.activation = activation_;
    op.y = output().as<T>();
    op.dy = step.grad_output().as<T>();
    op.delta = delta.as<T>();
    if (z_.has_value()) op.z = z_.as<T>();
    if (dx.has_value()) op.dx = dx.as<T>();
    if (dw.has_value()) op.dw = dw.as<T>();
    if (db.has_value()) op.db = db.flat<T>();
    dense_backward(step.stream(), op);
    delta_ = delta;
    if (dx.has_value()) step.accumulate(0, dx);
    if (dw.has_value()) step.accumulate(1, dw);
    if (db.has_value()) step.accumulate(2, db);
  }

  Tensor z_;      // None where neither the derivative nor the monitor reads it.
  Tensor delta_;  // Of the walk back, for the monitor.
  Activation activation_;
  const WatchNames* names_;
};

void check_shapes(const Tensor& x, const Parameter& kernel, const Parameter* bias) {
  const Shape& w = kernel.value.shape();
  if (x.shape().rank() != 2 || w.rank() != 2 || x.shape()[1] != w[0]) {
    throw std::invalid_argument(fmt::format("dense: kernel '{}' {} does not fit x {}", kernel.name,
                                            w.text(), x.shape().text()));
  }
  if (bias != nullptr && bias->value.shape() != Shape{w[1]}) {
    throw std::invalid_argument(fmt::format("dense: bias '{}' {} does not fit kernel '{}' {}",
                                            bias->name, bias->value.shape().text(), kernel.name,
                                            w.text()));
  }
}

Tensor dense(Tape& tape, const Tensor& x, const Parameter& kernel, const Parameter* bias,
             Activation activation) {
  const Tensor& w = kernel.value;
  tape.check_operands("dense", {&x, &w, bias != nullptr ? &bias->value : &w});
  check_shapes(x, kernel, bias);
  const Tensor y = tape.empty({x.shape()[0], w.shape()[1]}, x.dtype());
  // For a linear layer, z is y.
  const bool keeps_z =
      activation != Activation::kLinear &&
      (derivative_needs_pre_activation(activation) || tape.options().keep_pre_activations);
  const Tensor z = keeps_z ? tape.empty(y.shape(), y.dtype()) : Tensor();
  dispatch("dense", x.dtype(), [&]<class T>() {
    DenseForward<T> op;
    op.x = x.as<T>();
    op.w = w.as<T>();
    op.activation = activation;
    op.y = y.as<T>();
    if (bias != nullptr) op.b = bias->value.flat<T>();
    if (keeps_z) op.z = z.as<T>();
    dense_forward(tape.stream(), op);
  });
  const WatchNames* names = tape.watch_names(kernel);
  const auto operation_on = [&](std::initializer_list<Tensor> inputs) {
    return std::make_unique<DenseOperation>(inputs, y, z, activation, names);
  };
  return tape.record(bias != nullptr ? operation_on({x, w, bias->value}) : operation_on({x, w}));
}

}  // namespace

Tensor dense(Tape& tape, const Tensor& x, const Parameter& kernel, const Parameter& bias,
             Activation activation) {
  return dense(tape, x, kernel, &bias, activation);
}

Tensor dense(Tape& tape, const Tensor& x, const Parameter& kernel, Activation activation) {
  return dense(tape, x, kernel, nullptr, activation);
}

}  // namespace gradvitals
