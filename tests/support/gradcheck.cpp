#include "tests/support/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "tests/support/expect_close.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {
namespace {

std::vector<double> random_projection(std::size_t count, std::mt19937_64& random) {
  // Away from 0, so that no output is left out of the check.
  std::uniform_real_distribution<double> magnitude(0.5, 1.5);
  std::vector<double> dy(count);
  for (double& value : dy) value = random() % 2 == 0 ? magnitude(random) : -magnitude(random);
  return dy;
}

std::vector<std::size_t> points(const Gradcheck& check, std::size_t count,
                                std::mt19937_64& random) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto wanted = static_cast<std::size_t>(check.points_per_argument);
  if (count <= wanted) return all;
  std::vector<std::size_t> sample;
  std::sample(all.begin(), all.end(), std::back_inserter(sample), wanted, random);
  return sample;
}

// A value that rests at its kink on both sides was not moved across it.
bool same_side(const std::vector<double>& low, const std::vector<double>& high) {
  return std::equal(low.begin(), low.end(), high.begin(), high.end(),
                    [](double a, double b) { return (a > 0) == (b > 0) && (a < 0) == (b < 0); });
}

struct Side {
  double loss;
  std::vector<double> kinks;
};

class Checker {
 public:
  explicit Checker(const Gradcheck& check) : check_(check), random_(check.seed) {}

  GradcheckResult run() {
    const std::vector<double> y = check_.forward();
    dy_ = random_projection(y.size(), random_);
    double magnitude = 0;
    for (std::size_t i = 0; i < y.size(); ++i) magnitude += std::fabs(dy_[i] * y[i]);
    tolerance_ = {.absolute = kGradcheckAbsolutePerLoss * std::max(1.0, magnitude),
                  .relative = kGradcheckRelative};
    check_.backward(dy_);
    for (const GradcheckArgument& argument : check_.arguments) check_argument(argument);
    return std::move(result_);
  }

 private:
  void check_argument(const GradcheckArgument& argument) {
    if (argument.value.size() != argument.gradient.size()) {
      result_.failures.push_back(fmt::format("{}: {} has {} values and {} gradients", check_.name,
                                             argument.name, argument.value.size(),
                                             argument.gradient.size()));
      return;
    }
    // A later forward may run in the gradients' memory.
    const std::vector<double> gradient(argument.gradient.begin(), argument.gradient.end());
    const std::int64_t checked_before = result_.checked;
    for (const std::size_t i : points(check_, gradient.size(), random_)) {
      check_point(argument, i, gradient[i]);
    }
    if (!gradient.empty() && result_.checked == checked_before) {
      result_.failures.push_back(fmt::format(
          "{}: no point of {} could be checked: all lie at a kink", check_.name, argument.name));
    }
  }

  void check_point(const GradcheckArgument& argument, std::size_t i, double got) {
    const double x = argument.value[i];
    const double step =
        std::cbrt(std::numeric_limits<double>::epsilon()) * std::max(1.0, std::fabs(x));
    const double high_x = x + step;
    const double low_x = x - step;
    const Side high = evaluate(argument, i, high_x);
    const Side low = evaluate(argument, i, low_x);
    argument.value[i] = x;
    if (!same_side(low.kinks, high.kinks)) {
      ++result_.skipped;
      return;
    }
    ++result_.checked;
    const double expected = (high.loss - low.loss) / (high_x - low_x);
    if (std::isfinite(expected) && is_close(got, expected, tolerance_)) return;
    result_.failures.push_back(
        fmt::format("{}: d/d{}[{}] at {}: got {}, central difference {}, tolerance {}", check_.name,
                    argument.name, i, x, got, expected, tolerance_.at(expected)));
  }

  Side evaluate(const GradcheckArgument& argument, std::size_t i, double x) {
    argument.value[i] = x;
    const std::vector<double> y = check_.forward();
    return {.loss = std::inner_product(y.begin(), y.end(), dy_.begin(), 0.0),
            .kinks = check_.kinks ? check_.kinks() : std::vector<double>{}};
  }

  const Gradcheck& check_;
  std::mt19937_64 random_;
  std::vector<double> dy_;
  Tolerance tolerance_;
  GradcheckResult result_;
};

}  // namespace

GradcheckResult gradcheck(const Gradcheck& check) {
  return Checker(check).run();
}

GradcheckResult expect_gradients(const Gradcheck& check) {
  GradcheckResult result = gradcheck(check);
  EXPECT_GT(result.checked, 0) << check.name << ": no point was checked";
  for (const std::string& failure : result.failures) ADD_FAILURE() << failure;
  return result;
}

}  // namespace gradvitals::test
