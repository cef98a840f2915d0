// The gradient check's own tests: right gradients pass, each kind of wrong one is named.
#include "tests/support/gradcheck.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace gradvitals::test {
namespace {

// y_i = f(x_i), whose derivative is df.
struct ElementWise {
  std::vector<double> x;
  std::function<double(double)> f;
  std::function<double(double)> df;
  std::vector<double> dx = std::vector<double>(x.size());

  Gradcheck check() {
    return {.name = "element_wise",
            .arguments = {{.name = "x", .value = x, .gradient = dx}},
            .forward =
                [this] {
                  std::vector<double> y(x.size());
                  std::transform(x.begin(), x.end(), y.begin(), f);
                  return y;
                },
            .backward =
                [this](std::span<const double> dy) {
                  for (std::size_t i = 0; i < x.size(); ++i) dx[i] = dy[i] * df(x[i]);
                },
            .kinks = {}};
  }
};

double relu(double x) {
  return x > 0 ? x : 0;
}
double relu_slope(double x) {
  return x > 0 ? 1 : 0;
}

TEST(Gradcheck, AcceptsTheRightGradientOfASmoothFunction) {
  ElementWise sine{{-2.0, 0.0, 0.3, 100.0},
                   [](double x) { return std::sin(x); },
                   [](double x) { return std::cos(x); }};
  const std::vector<double> before = sine.x;
  const GradcheckResult result = expect_gradients(sine.check());
  EXPECT_EQ(result.checked, 4);
  EXPECT_EQ(result.skipped, 0);
  EXPECT_EQ(sine.x, before) << "the point is restored";
}

TEST(Gradcheck, RejectsAGradientThatIsOffByOneInAMillion) {
  ElementWise sine{{0.3},
                   [](double x) { return std::sin(x); },
                   [](double x) { return std::cos(x) * (1 + 1e-6); }};
  EXPECT_EQ(gradcheck(sine.check()).failures.size(), 1u);
}

TEST(Gradcheck, RejectsAGradientOfNan) {
  ElementWise sine{{0.3},
                   [](double x) { return std::sin(x); },
                   [](double) { return std::numeric_limits<double>::quiet_NaN(); }};
  EXPECT_EQ(gradcheck(sine.check()).failures.size(), 1u);
}

TEST(Gradcheck, RejectsAFunctionThatIsNanEvenWhereTheGradientIs) {
  ElementWise root{
      {-1.0}, [](double x) { return std::sqrt(x); }, [](double x) { return 0.5 / std::sqrt(x); }};
  EXPECT_EQ(gradcheck(root.check()).failures.size(), 1u);
}

TEST(Gradcheck, NamesArgumentPointGotAndExpected) {
  ElementWise square{{3.0}, [](double x) { return x * x; }, [](double x) { return x; }};
  const GradcheckResult result = gradcheck(square.check());
  ASSERT_EQ(result.failures.size(), 1u);
  EXPECT_TRUE(result.failures[0].starts_with("element_wise: d/dx[0] at 3: got "))
      << result.failures[0];
  EXPECT_NE(result.failures[0].find("central difference"), std::string::npos);
  EXPECT_NONFATAL_FAILURE(expect_gradients(square.check()), "element_wise: d/dx[0] at 3");
}

TEST(Gradcheck, SkipsAndCountsPointsAtAKink) {
  ElementWise op{{-1.0, 1e-9, 0.0, 2.0}, relu, relu_slope};
  Gradcheck check = op.check();
  check.kinks = [&op] { return op.x; };
  const GradcheckResult result = expect_gradients(check);
  EXPECT_EQ(result.checked, 2);
  EXPECT_EQ(result.skipped, 2);
}

TEST(Gradcheck, WithoutKinksAPointAtOneFails) {
  ElementWise op{{1e-9}, relu, relu_slope};
  EXPECT_EQ(gradcheck(op.check()).failures.size(), 1u);
}

TEST(Gradcheck, AKinkThatIsNotMovedDoesNotSkip) {
  ElementWise op{{2.0}, relu, relu_slope};
  Gradcheck check = op.check();
  check.kinks = [] { return std::vector<double>{0.0}; };
  EXPECT_EQ(expect_gradients(check).checked, 1);
}

TEST(Gradcheck, FailsWhereEveryPointIsSkipped) {
  ElementWise op{{0.0, 1e-9}, relu, relu_slope};
  Gradcheck check = op.check();
  check.kinks = [&op] { return op.x; };
  const GradcheckResult result = gradcheck(check);
  EXPECT_EQ(result.checked, 0);
  ASSERT_EQ(result.failures.size(), 1u);
  EXPECT_NE(result.failures[0].find("no point of x"), std::string::npos);
}

TEST(Gradcheck, SamplesALargeArgument) {
  ElementWise square{std::vector<double>(1000, 1.5), [](double x) { return x * x; },
                     [](double x) { return 2 * x; }};
  Gradcheck check = square.check();
  check.points_per_argument = 10;
  EXPECT_EQ(expect_gradients(check).checked, 10);
}

}  // namespace
}  // namespace gradvitals::test
