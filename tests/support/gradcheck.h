// Gradient check: a backward pass in double against central differences of its forward pass.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace gradvitals::test {

/// An argument of the function under test: perturbed in place, and restored.
struct GradcheckArgument {
  std::string name;
  std::span<double> value;
  std::span<const double> gradient;  ///< Same size; written by backward.
};

/// A vector is reduced to a scalar by a random projection: L = sum dy_i y_i with random dy, so that
/// one backward pass checks every output.
struct Gradcheck {
  std::string name;
  std::vector<GradcheckArgument> arguments;
  /// y at the arguments' present values.
  std::function<std::vector<double>()> forward;
  /// Writes every argument's gradient of sum dy_i y_i. Called once, after a forward.
  std::function<void(std::span<const double> dy)> backward;
  /// Optional: values at whose zero y has a kink (a relu's input). A point where one of them
  /// changes its sign between x - h and x + h is skipped and counted.
  std::function<std::vector<double>()> kinks;
  /// Of a larger argument a random sample of this size is checked.
  std::int64_t points_per_argument = 256;
  std::uint64_t seed = 1;
};

struct GradcheckResult {
  std::int64_t checked = 0;
  std::int64_t skipped = 0;
  /// One line for each point that differs: function, argument, index, point, got, expected,
  /// tolerance; and for each argument of which no point could be checked.
  std::vector<std::string> failures;
};

GradcheckResult gradcheck(const Gradcheck& check);

/// gradcheck() that fails the running test with every line, and where no point was checked.
GradcheckResult expect_gradients(const Gradcheck& check);

}  // namespace gradvitals::test
