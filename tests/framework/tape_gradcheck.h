// Gradient checks of whatever runs on a tape: the tape's gradients against central differences.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "framework/initializers.h"
#include "framework/ops.h"
#include "framework/parameter.h"
#include "framework/tape.h"
#include "tests/support/gradcheck.h"

namespace gradvitals::test {

/// A float64 parameter with values in [-1, 1), different for every name.
inline Parameter random_parameter(Stream& stream, std::string name, const Shape& shape,
                                  std::uint64_t seed = 7) {
  return make_parameter(stream, std::move(name), shape, RandomUniform{-1.0, 1.0}, seed,
                        DType::kFloat64);
}

/// sum over all elements of y * weights, as ops of the tape: (1,1), or () for a scalar y.
inline Tensor projection(Tape& tape, const Tensor& y, std::span<const double> weights) {
  Stream& stream = tape.stream();
  const Tensor product = multiply(tape, y, Tensor::from_host<double>(stream, y.shape(), weights));
  if (y.shape().rank() == 0) return product;
  const Parameter rows =
      make_parameter(stream, "ones/rows", {1, y.shape()[0]}, Ones{}, 0, DType::kFloat64);
  const Parameter cols =
      make_parameter(stream, "ones/cols", {y.shape()[1], 1}, Ones{}, 0, DType::kFloat64);
  return matmul(tape, matmul(tape, rows, product), cols);
}

/// The inputs of every layer whose activation has a kink, relu's for one: where they change sign,
/// so has the model.
inline std::vector<double> kinks_of(Tape& tape) {
  std::vector<double> kinks;
  for (const TensorView& view : tape.views()) {
    if (view.role != Role::kPreActivation || !properties(view.activation).has_kink) continue;
    const auto* z = static_cast<const double*>(view.data);
    kinks.insert(kinks.end(), z, z + view.count);
  }
  return kinks;
}

/// Checks the gradients of `model`'s output, float64 on the cpu device (whose memory the check can
/// perturb in place), with respect to `parameters`.
inline void expect_tape_gradients(const std::string& name, Stream& stream,
                                  std::span<Parameter* const> parameters,
                                  const std::function<Tensor(Tape&)>& model) {
  std::vector<std::vector<double>> gradients;
  Gradcheck check;
  check.name = name;
  for (const Parameter* parameter : parameters) {
    const VectorView<double> value = parameter->value.flat<double>();
    gradients.emplace_back(static_cast<std::size_t>(value.count));
    check.arguments.push_back(
        {parameter->name.text(), std::span(value.data, gradients.back().size()), gradients.back()});
  }
  check.forward = [&] {
    Tape tape(stream);
    return model(tape).to_host<double>();
  };
  check.backward = [&](std::span<const double> dy) {
    Tape tape(stream);
    const Gradients result = tape.gradient(projection(tape, model(tape), dy), parameters);
    for (std::size_t i = 0; i < result.size(); ++i) {
      ASSERT_TRUE(result[i].value.has_value()) << result[i].parameter->name;
      const std::vector<double> values = result[i].value->to_host<double>();
      std::copy(values.begin(), values.end(), gradients[i].begin());
    }
  };
  check.kinks = [&] {
    Tape tape(stream);
    model(tape);
    return kinks_of(tape);
  };
  expect_gradients(check);
}

}  // namespace gradvitals::test
