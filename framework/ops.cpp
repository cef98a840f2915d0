#include "framework/ops.h"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "framework/dispatch.h"
#include "kernels/ops/elementwise.h"
#include "kernels/ops/gemm.h"

namespace gradvitals {
namespace {

[[noreturn]] void shape_mismatch(const char* op, const Tensor& a, const Tensor& b) {
  throw std::invalid_argument(
      fmt::format("{}: a {} does not fit b {}", op, a.shape().text(), b.shape().text()));
}

void check_same_shape(const char* op, const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) shape_mismatch(op, a, b);
}

/// da = dc b^T, db = a^T dc
class MatmulOperation final : public Operation {
 public:
  MatmulOperation(const Tensor& a, const Tensor& b, const Tensor& c) : Operation({a, b}, c) {}

  void backward(BackwardStep& step) override {
    dispatch("matmul", output().dtype(), [&]<class T>() { accumulate_gradients<T>(step); });
  }

 private:
  template <class T>
  void accumulate_gradients(BackwardStep& step) const {
    const MatrixView<T> dc = step.grad_output().as<T>();
    if (step.needs_grad(0)) {
      const Tensor da = step.empty_like(input(0));
      gemm(step.stream(),
           Gemm<T>{.a = dc, .b = input(1).as<T>(), .c = da.as<T>(), .transpose_b = true});
      step.accumulate(0, da);
    }
    if (step.needs_grad(1)) {
      const Tensor db = step.empty_like(input(1));
      gemm(step.stream(),
           Gemm<T>{.a = input(0).as<T>(), .b = dc, .c = db.as<T>(), .transpose_a = true});
      step.accumulate(1, db);
    }
  }
};

/// da = db = dout
class AddOperation final : public Operation {
 public:
  AddOperation(const Tensor& a, const Tensor& b, const Tensor& out) : Operation({a, b}, out) {}

  void backward(BackwardStep& step) override {
    step.accumulate_alias(0, step.grad_output());
    step.accumulate_alias(1, step.grad_output());
  }
};

/// da = dout * b, db = dout * a
class MultiplyOperation final : public Operation {
 public:
  MultiplyOperation(const Tensor& a, const Tensor& b, const Tensor& out) : Operation({a, b}, out) {}

  void backward(BackwardStep& step) override {
    for (int side = 0; side < 2; ++side) {
      if (!step.needs_grad(side)) continue;
      const Tensor& other = input(1 - side);
      const Tensor gradient = step.empty_like(other);
      dispatch("multiply", gradient.dtype(), [&]<class T>() {
        multiply(step.stream(),
                 Multiply<T>{step.grad_output().flat<T>(), other.flat<T>(), gradient.flat<T>()});
      });
      step.accumulate(side, gradient);
    }
  }
};

/// dx = dy * activation'(x)
class ActivateOperation final : public Operation {
 public:
  ActivateOperation(const Tensor& x, const Tensor& y, Activation activation)
      : Operation({x}, y), activation_(activation) {}

  void backward(BackwardStep& step) override {
    const Tensor dx = step.owns_grad_output() ? step.grad_output() : step.empty_like(output());
    dispatch("activate", dx.dtype(), [&]<class T>() {
      activation_backward(step.stream(), ActivationBackward<T>{.activation = activation_,
                                                               .z = input(0).flat<T>(),
                                                               .y = output().flat<T>(),
                                                               .dy = step.grad_output().flat<T>(),
                                                               .dz = dx.flat<T>()});
    });
    step.accumulate(0, dx);
  }

 private:
  Activation activation_;
};

}  // namespace

Tensor matmul(Tape& tape, const Tensor& a, const Tensor& b) {
  tape.check_operands("matmul", {&a, &b});
  if (a.shape().rank() != 2 || b.shape().rank() != 2 || a.shape()[1] != b.shape()[0]) {
    shape_mismatch("matmul", a, b);
  }
  const Tensor c = tape.empty({a.shape()[0], b.shape()[1]}, a.dtype());
  dispatch("matmul", a.dtype(), [&]<class T>() {
    gemm(tape.stream(), Gemm<T>{.a = a.as<T>(), .b = b.as<T>(), .c = c.as<T>()});
  });
  return tape.record(std::make_unique<MatmulOperation>(a, b, c));
}

Tensor add(Tape& tape, const Tensor& a, const Tensor& b) {
  tape.check_operands("add", {&a, &b});
  check_same_shape("add", a, b);
  const Tensor out = tape.empty(a.shape(), a.dtype());
  dispatch("add", a.dtype(), [&]<class T>() {
    add(tape.stream(), Add<T>{a.flat<T>(), b.flat<T>(), out.flat<T>()});
  });
  return tape.record(std::make_unique<AddOperation>(a, b, out));
}

Tensor multiply(Tape& tape, const Tensor& a, const Tensor& b) {
  tape.check_operands("multiply", {&a, &b});
  check_same_shape("multiply", a, b);
  const Tensor out = tape.empty(a.shape(), a.dtype());
  dispatch("multiply", a.dtype(), [&]<class T>() {
    multiply(tape.stream(), Multiply<T>{a.flat<T>(), b.flat<T>(), out.flat<T>()});
  });
  return tape.record(std::make_unique<MultiplyOperation>(a, b, out));
}

Tensor activate(Tape& tape, const Tensor& x, Activation activation) {
  tape.check_operands("activate", {&x});
  const Tensor y = tape.empty(x.shape(), x.dtype());
  dispatch("activate", x.dtype(), [&]<class T>() {
    activation_forward(tape.stream(), ActivationForward<T>{activation, x.flat<T>(), y.flat<T>()});
  });
  return tape.record(std::make_unique<ActivateOperation>(x, y, activation));
}

}  // namespace gradvitals
