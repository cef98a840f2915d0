#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "framework/dispatch.h"
#include "framework/ops.h"
#include "kernels/ops/layer_norm.h"

namespace gradvitals {
namespace {

/// As rows of the last dimension, for any rank from 1 on.
template <class T>
MatrixView<T> rows_of(const Tensor& tensor) {
  const VectorView<T> all = tensor.flat<T>();
  const std::int64_t cols = tensor.shape()[tensor.shape().rank() - 1];
  return {all.data, cols == 0 ? 0 : all.count / cols, cols};
}

/// Inputs x, gamma and beta; keeps mean and 1 / deviation of every row, in float64.
class LayerNormOperation final : public Operation {
 public:
  LayerNormOperation(std::initializer_list<Tensor> inputs, const Tensor& y, Tensor mean,
                     Tensor rstd)
      : Operation(inputs, y), mean_(std::move(mean)), rstd_(std::move(rstd)) {}

  void backward(BackwardStep& step) override {
    dispatch("layer_norm", output().dtype(), [&]<class T>() { accumulate_gradients<T>(step); });
  }

 private:
  template <class T>
  void accumulate_gradients(BackwardStep& step) const {
    const auto gradient_of = [&](int index) {
      return step.needs_grad(index) ? step.empty_like(input(index)) : Tensor();
    };
    const Tensor dx = gradient_of(0), dgamma = gradient_of(1), dbeta = gradient_of(2);
    LayerNormBackward<T> op{.x = rows_of<T>(input(0)),
                            .gamma = input(1).flat<T>(),
                            .mean = mean_.flat<double>(),
                            .rstd = rstd_.flat<double>(),
                            .dy = rows_of<T>(step.grad_output())};
    if (dx.has_value()) op.dx = rows_of<T>(dx);
    if (dgamma.has_value()) op.dgamma = dgamma.flat<T>();
    if (dbeta.has_value()) op.dbeta = dbeta.flat<T>();
    layer_norm_backward(step.stream(), op);
    if (dx.has_value()) step.accumulate(0, dx);
    if (dgamma.has_value()) step.accumulate(1, dgamma);
    if (dbeta.has_value()) step.accumulate(2, dbeta);
  }

  Tensor mean_;
  Tensor rstd_;
};

void check_shapes(const Tensor& x, const Parameter& gamma, const Parameter& beta) {
  const int rank = x.shape().rank();
  for (const Parameter* parameter : {&gamma, &beta}) {
    if (rank == 0 || parameter->value.shape() != Shape{x.shape()[rank - 1]}) {
      throw std::invalid_argument(
          fmt::format("layer_norm: '{}' {} does not fit the last dimension of x {}",
                      parameter->name, parameter->value.shape().text(), x.shape().text()));
    }
  }
}

}  // namespace

Tensor layer_norm(Tape& tape, const Tensor& x, const Parameter& gamma, const Parameter& beta,
                  double epsilon) {
  tape.check_operands("layer_norm", {&x, &gamma.value, &beta.value});
  check_shapes(x, gamma, beta);
  const Tensor y = tape.empty(x.shape(), x.dtype());
  const std::int64_t cols = gamma.value.count();
  const Shape rows{cols == 0 ? 0 : x.count() / cols};
  const Tensor mean = tape.empty(rows, DType::kFloat64);
  const Tensor rstd = tape.empty(rows, DType::kFloat64);
  dispatch("layer_norm", x.dtype(), [&]<class T>() {
    layer_norm_forward(tape.stream(), LayerNormForward<T>{.x = rows_of<T>(x),
                                                          .gamma = gamma.value.flat<T>(),
                                                          .beta = beta.value.flat<T>(),
                                                          .epsilon = epsilon,
                                                          .y = rows_of<T>(y),
                                                          .mean = mean.flat<double>(),
                                                          .rstd = rstd.flat<double>()});
  });
  return tape.record(std::make_unique<LayerNormOperation>(
      std::initializer_list<Tensor>{x, gamma.value, beta.value}, y, mean, rstd));
}

}  // namespace gradvitals
