#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "framework/dispatch.h"
#include "framework/ops.h"
#include "kernels/ops/dropout.h"

namespace gradvitals {
namespace {

/// The 16-byte key of a mask, in memory of the tape's pool.
VectorView<RandomKey> mask_in(const Tensor& memory) {
  return {static_cast<RandomKey*>(memory.data()), 1};
}

void drop(Stream& stream, const Tensor& mask, double rate, const Tensor& x, const Tensor& y) {
  dispatch("dropout", x.dtype(), [&]<class T>() {
    apply_mask(stream, ApplyMask<T>{mask_in(mask), rate, x.flat<T>(), y.flat<T>()});
  });
}

/// dx = dy under the mask of the forward pass, recomputed from its key.
class DropoutOperation final : public Operation {
 public:
  DropoutOperation(const Tensor& x, const Tensor& y, Tensor mask, double rate)
      : Operation({x}, y), mask_(std::move(mask)), rate_(rate) {}

  void backward(BackwardStep& step) override {
    const Tensor dx = step.owns_grad_output() ? step.grad_output() : step.empty_like(output());
    drop(step.stream(), mask_, rate_, step.grad_output(), dx);
    step.accumulate(0, dx);
  }

 private:
  Tensor mask_;
  double rate_;
};

}  // namespace

DropoutMasks::DropoutMasks(Stream& stream, RandomKey random_key)
    : key(random_key), counter(stream, sizeof(std::uint64_t)) {
  fill_zero(stream, counter.data(), counter.bytes());
}

Tensor dropout(Tape& tape, const Tensor& x, double rate, const DropoutMasks& masks) {
  tape.check_operands("dropout", {&x});
  if (!(rate >= 0.0 && rate < 1.0)) {
    throw std::invalid_argument(fmt::format("dropout: rate is {}, not in [0, 1)", rate));
  }
  if (!tape.options().training || rate == 0.0) return x;
  static_assert(sizeof(RandomKey) == 2 * sizeof(double));
  const Tensor mask = tape.empty({2}, DType::kFloat64);
  next_mask(tape.stream(), {.key = masks.key,
                            .counter = {static_cast<std::uint64_t*>(masks.counter.data()), 1},
                            .mask = mask_in(mask)});
  const Tensor y = tape.empty(x.shape(), x.dtype());
  drop(tape.stream(), mask, rate, x, y);
  return tape.record(std::make_unique<DropoutOperation>(x, y, mask, rate));
}

}  // namespace gradvitals
