#include "framework/initializers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "framework/dispatch.h"

namespace gradvitals {
namespace {

// Standard deviation of N(0,1) cut off at +-2: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)). Keras divides
// by it, too (VarianceScaling).
constexpr double kTruncatedStddev = 0.87962566103423978;
constexpr float kCutOff = 2.0f;

// The golden ratio in 64 bits (Knuth 6.4): spreads consecutive attempts.
constexpr std::uint64_t kAttemptStride = 0x9E3779B97F4A7C15;

/// Draws again, from a sequence of its own per attempt, at the indices that lay beyond the cut. An
/// element depends on (key, index) alone. Done on the host: it happens once, before training.
std::vector<float> truncated_normal(Stream& stream, const Shape& shape, RandomKey key) {
  const Tensor draw(stream, shape, DType::kFloat32);
  std::vector<float> values;
  for (bool complete = false; !complete; key.sequence += kAttemptStride) {
    fill_normal(stream, FillNormal<float>{.key = key, .out = draw.flat<float>()});
    const std::vector<float> candidates = draw.to_host<float>();
    if (values.empty()) values = candidates;
    complete = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::fabs(values[i]) > kCutOff) values[i] = candidates[i];
      complete = complete && std::fabs(values[i]) <= kCutOff;
    }
  }
  return values;
}

/// Fills a tensor by the initializer passed to its call operator.
template <class T>
struct Fill {
  Stream& stream;
  const Tensor& tensor;
  RandomKey key;
  Fans fan;

  void operator()(GlorotUniform) const { fill_within(6.0 / (fan.in + fan.out)); }
  void operator()(HeUniform) const { fill_within(6.0 / fan.in); }
  void operator()(LecunUniform) const { fill_within(3.0 / fan.in); }
  void operator()(GlorotNormal) const { fill_truncated(2.0 / (fan.in + fan.out)); }
  void operator()(HeNormal) const { fill_truncated(2.0 / fan.in); }
  void operator()(LecunNormal) const { fill_truncated(1.0 / fan.in); }
  void operator()(const RandomNormal& normal) const {
    fill_normal(stream, FillNormal<T>{key, tensor.flat<T>(), normal.mean, normal.stddev});
  }
  void operator()(const RandomUniform& uniform) const {
    fill_uniform(stream, FillUniform<T>{key, tensor.flat<T>(), uniform.low, uniform.high});
  }
  void operator()(Zeros) const { fill_constant(0.0); }
  void operator()(Ones) const { fill_constant(1.0); }
  void operator()(Constant constant) const { fill_constant(constant.value); }

 private:
  void fill_within(double squared_limit) const {
    const double limit = std::sqrt(squared_limit);
    fill_uniform(stream, FillUniform<T>{key, tensor.flat<T>(), -limit, limit});
  }
  void fill_truncated(double variance) const {
    const double scale = std::sqrt(variance) / kTruncatedStddev;
    const std::vector<float> draws = truncated_normal(stream, tensor.shape(), key);
    std::vector<T> values(draws.size());
    std::transform(draws.begin(), draws.end(), values.begin(),
                   [scale](float draw) { return static_cast<T>(scale * draw); });
    tensor.copy_from_host<T>(stream, values);
  }
  void fill_constant(double value) const {
    const std::vector<T> values(static_cast<std::size_t>(tensor.count()), static_cast<T>(value));
    tensor.copy_from_host<T>(stream, values);
  }
};

}  // namespace

Fans fans(const Shape& shape) {
  // A dimension of 0 counts as 1, as in Keras: the limits stay finite.
  const auto fan = [&](int axis) {
    return static_cast<double>(std::max<std::int64_t>(1, shape[axis]));
  };
  switch (shape.rank()) {
    case 0:
      return {1.0, 1.0};
    case 1:
      return {fan(0), fan(0)};
    case 2:
      return {fan(0), fan(1)};
    default:
      throw std::invalid_argument(
          fmt::format("initialize: {} has no fan-in and fan-out", shape.text()));
  }
}

// FNV-1a, 64 bits (Fowler, Noll, Vo). Sequences derived from names need no counter, and adding a
// layer does not change the random numbers of the others.
RandomKey random_key(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char letter : name) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 0x100000001B3;
  }
  return {seed, hash};
}

Tensor initialize(Stream& stream, const Initializer& initializer, const Shape& shape, RandomKey key,
                  DType dtype) {
  const Fans fan = fans(shape);
  Tensor tensor(stream, shape, dtype);
  dispatch("initialize", dtype, [&]<class T>() {
    std::visit(Fill<T>{stream, tensor, key, fan}, initializer);
  });
  return tensor;
}

Parameter make_parameter(Stream& stream, std::string name, const Shape& shape,
                         const Initializer& initializer, std::uint64_t seed, DType dtype) {
  const RandomKey key = random_key(seed, name);
  return {std::move(name), initialize(stream, initializer, shape, key, dtype)};
}

}  // namespace gradvitals
