// A parameter with the state of any optimizer, for the tests of their updates.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/ops/optimizer.h"
#include "tests/support/expect_close.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {

using Real = long double;

template <class T>
std::vector<T> wave(std::int64_t count, double frequency) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<T>(2 * std::cos(frequency * static_cast<double>(i))));
  }
  return values;
}

template <class T>
double sum_of_squared_steps(const std::vector<T>& before, const std::vector<T>& after) {
  Real sum = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Real step = static_cast<Real>(after[i]) - static_cast<Real>(before[i]);
    sum += step * step;
  }
  return static_cast<double>(sum);
}

/// A parameter with its state, all on the device and guarded.
template <class T>
struct Parameter {
  Parameter(Stream& stream, const std::vector<T>& start, std::int64_t misalignment_bytes = 0)
      : weight(stream, start, misalignment_bytes),
        first(stream, std::vector<T>(start.size()), misalignment_bytes),
        second(stream, std::vector<T>(start.size())),
        steps(stream, std::vector<std::int64_t>(1)),
        sum(stream, 1) {}

  SgdUpdate<T> sgd(VectorView<const T> gradient) {
    return {.gradient = gradient, .weight = weight.vector(), .update_sum_squares = sum.vector()};
  }
  MomentumUpdate<T> momentum(VectorView<const T> gradient) {
    return {.gradient = gradient,
            .weight = weight.vector(),
            .velocity = first.vector(),
            .update_sum_squares = sum.vector()};
  }
  AdamUpdate<T> adam(VectorView<const T> gradient) {
    return {.gradient = gradient,
            .weight = weight.vector(),
            .first_moment = first.vector(),
            .second_moment = second.vector(),
            .steps = steps.vector(),
            .update_sum_squares = sum.vector()};
  }

  void expect_guards() const {
    EXPECT_TRUE(weight.guards_intact());
    EXPECT_TRUE(first.guards_intact());
    EXPECT_TRUE(second.guards_intact());
    EXPECT_TRUE(steps.guards_intact());
    EXPECT_TRUE(sum.guards_intact());
  }
  void expect_sum_since(const std::vector<T>& before) const {
    const double expected = sum_of_squared_steps(before, weight.download());
    expect_close(sum.download()[0], expected, update_sum(weight.count()));
  }

  GuardedBuffer<T> weight;
  GuardedBuffer<T> first;   ///< velocity or first moment
  GuardedBuffer<T> second;  ///< second moment
  GuardedBuffer<std::int64_t> steps;
  GuardedBuffer<double> sum;
};

}  // namespace gradvitals::test
