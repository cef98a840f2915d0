// Contract: kernels/ops/layer_norm.h. Oracle: the formulas in long double. Tolerances: float64
// arithmetic on the way, whose errors are derived in Bounds, and one rounding of the result.
#include "kernels/ops/layer_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/matrix.h"
#include "tests/support/sim_schedules.h"
#include "tests/support/special_values.h"

namespace gradvitals::test {
namespace {

using Real = long double;

struct Size {
  std::int64_t rows;
  std::int64_t cols;
};
constexpr Size kLayerNormSizes[] = {{1, 1},  {1, 7},   {7, 1},   {5, 31},  {8, 32},   {9, 33},
                                    {3, 64}, {33, 65}, {2, 257}, {257, 2}, {64, 1025}};

/// Inputs and every output of both directions.
template <class T>
struct Case {
  Case(Stream& s, Size size, double offset = 0.5)
      : stream(s),
        rows(size.rows),
        cols(size.cols),
        x(random_matrix<T>(rows, cols, 1)),
        gamma(random_matrix<T>(1, cols, 2)),
        beta(random_matrix<T>(1, cols, 3)),
        dy(random_matrix<T>(rows, cols, 4)) {
    for (T& value : x.values) value = static_cast<T>(value + offset);
    x_data.upload(x.values);
  }

  LayerNormForward<T> forward() const {
    return {.x = x_data.matrix(rows, cols),
            .gamma = gamma_data.vector(),
            .beta = beta_data.vector(),
            .y = y.matrix(rows, cols),
            .mean = mean.vector(),
            .rstd = rstd.vector()};
  }
  LayerNormBackward<T> backward() const {
    return {.x = x_data.matrix(rows, cols),
            .gamma = gamma_data.vector(),
            .mean = mean.vector(),
            .rstd = rstd.vector(),
            .dy = dy_data.matrix(rows, cols),
            .dx = dx.matrix(rows, cols),
            .dgamma = dgamma.vector(),
            .dbeta = dbeta.vector()};
  }
  void upload(const std::vector<T>& values) {
    x.values = values;
    x_data.upload(values);
  }
  void run() {
    layer_norm_forward(stream, forward());
    layer_norm_backward(stream, backward());
    for (const auto* out : {&y, &dx, &dgamma, &dbeta}) EXPECT_TRUE(out->guards_intact());
    for (const auto* out : {&mean, &rstd}) EXPECT_TRUE(out->guards_intact());
  }
  std::vector<std::vector<T>> outputs() {
    run();
    return {y.download(), dx.download(), dgamma.download(), dbeta.download()};
  }

  Stream& stream;
  std::int64_t rows, cols;
  Matrix<T> x, gamma, beta, dy;
  GuardedBuffer<T> x_data{stream, x.values}, gamma_data{stream, gamma.values},
      beta_data{stream, beta.values}, dy_data{stream, dy.values};
  GuardedBuffer<T> y{stream, rows*cols}, dx{stream, rows*cols}, dgamma{stream, cols},
      dbeta{stream, cols};
  GuardedBuffer<double> mean{stream, rows}, rstd{stream, rows};
};

struct Expected {
  std::vector<Real> y, dx, dgamma, dbeta;
  Real largest_rstd = 0;
  Real largest_normalised = 0;
};

template <class T>
Expected oracle(const Case<T>& c) {
  Expected expected;
  expected.dgamma.assign(c.gamma.values.size(), 0);
  expected.dbeta.assign(c.gamma.values.size(), 0);
  const Real count = static_cast<Real>(c.cols);
  for (std::int64_t r = 0; r < c.rows; ++r) {
    Real mean = 0, variance = 0, g_mean = 0, gn_mean = 0;
    for (std::int64_t i = 0; i < c.cols; ++i) mean += c.x(r, i) / count;
    for (std::int64_t i = 0; i < c.cols; ++i) {
      variance += (c.x(r, i) - mean) * (c.x(r, i) - mean) / count;
    }
    const Real rstd = 1 / std::sqrt(variance + static_cast<Real>(kLayerNormEpsilon));
    const auto n = [&](std::int64_t i) { return (c.x(r, i) - mean) * rstd; };
    const auto g = [&](std::int64_t i) { return Real{c.dy(r, i)} * c.gamma(0, i); };
    for (std::int64_t i = 0; i < c.cols; ++i) {
      const auto col = static_cast<std::size_t>(i);
      g_mean += g(i) / count;
      gn_mean += g(i) * n(i) / count;
      expected.y.push_back(n(i) * c.gamma(0, i) + c.beta(0, i));
      expected.dgamma[col] += c.dy(r, i) * n(i);
      expected.dbeta[col] += c.dy(r, i);
      expected.largest_normalised = std::max(expected.largest_normalised, std::fabs(n(i)));
    }
    expected.largest_rstd = std::max(expected.largest_rstd, rstd);
    for (std::int64_t i = 0; i < c.cols; ++i) {
      expected.dx.push_back(rstd * (g(i) - g_mean - n(i) * gn_mean));
    }
  }
  return expected;
}

/// gamma, beta and dy are at most 1, x at most `largest`. In units of float64's roundoff u: a mean
/// over C is wrong by C largest, so that n is by rstd C largest, and by C + 8 of its own size through
/// rstd. Sums of products with n, over C or B terms of at most N = max |n|, add their own roundings
/// to that of each term.
struct Bounds {
  template <class T>
  Bounds(const Case<T>& c, const Expected& expected, Real largest) {
    const Real u = kUnitRoundoff<double>;
    const Real cols = static_cast<Real>(c.cols);
    const Real rows = static_cast<Real>(c.rows);
    const Real N = expected.largest_normalised;
    const Real n = u * (expected.largest_rstd * (cols + 1) * largest + (cols + 8) * (N + 1));
    y = {.absolute = static_cast<double>(n + 3 * u * (N + 1)), .relative = 2 * kUnitRoundoff<T>};
    dx = {.absolute = static_cast<double>(expected.largest_rstd *
                                          (2 * n * (N + 1) + (cols + 12) * u * (1 + N) * (1 + N))),
          .relative = 2 * kUnitRoundoff<T>};
    columns = {.absolute = static_cast<double>(rows * (n + (rows + 4) * u * (N + 1))),
               .relative = 2 * kUnitRoundoff<T>};
  }
  Tolerance y, dx, columns;
};

template <class T>
void expect_case(Case<T>& c, Real largest = 2) {
  SCOPED_TRACE(shape_text(c.rows, c.cols));
  c.run();
  const Expected expected = oracle(c);
  const Bounds bounds(c, expected, largest);
  expect_close(c.y.download(), expected.y, bounds.y);
  expect_close(c.dx.download(), expected.dx, bounds.dx);
  expect_close(c.dgamma.download(), expected.dgamma, bounds.columns);
  expect_close(c.dbeta.download(), expected.dbeta, bounds.columns);
}

class LayerNormTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, LayerNormTest, all_devices(), device_name);

TEST_P(LayerNormTest, OutputsAndGradientsAreAccurateAtEverySize) {
  for (const Size size : kLayerNormSizes) {
    Case<float> c(stream(), size);
    expect_case(c);
  }
}

TEST_P(LayerNormTest, AMeanFarFromZeroCostsNoDigits) {
  Case<float> c(stream(), {9, 130}, /*offset=*/1e4);
  expect_case(c, 1e4 + 1);
}

TEST_P(LayerNormTest, AConstantRowGivesBeta) {
  Case<float> c(stream(), {2, 40});
  std::vector<float> values = c.x.values;
  std::fill_n(values.begin(), 40, 3.0f);
  c.upload(values);
  c.run();
  const std::vector<float> y = c.y.download();
  EXPECT_EQ(std::vector<float>(y.begin(), y.begin() + 40), c.beta.values);
  EXPECT_EQ(c.rstd.download()[0], 1 / std::sqrt(kLayerNormEpsilon));
}

TEST_P(LayerNormTest, OneColumnGivesBetaAndNoInputGradient) {
  Case<float> c(stream(), {6, 1});
  c.run();
  EXPECT_EQ(c.y.download(), std::vector<float>(6, c.beta(0, 0)));
  EXPECT_EQ(c.dx.download(), std::vector<float>(6, 0.0f));
  EXPECT_EQ(c.dgamma.download(), std::vector<float>{0.0f});
}

TEST_P(LayerNormTest, NanAndInfinityStayInTheirRow) {
  for (const float bad : {kNan, kInf, -kInf}) {
    Case<float> c(stream(), {3, 35});
    std::vector<float> values = c.x.values;
    values[35 + 4] = bad;
    c.upload(values);
    c.run();
    const std::vector<float> y = c.y.download();
    const std::vector<float> dx = c.dx.download();
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(std::isnan(y[i]), i / 35 == 1) << i;
      EXPECT_EQ(std::isnan(dx[i]), i / 35 == 1) << i;
    }
    for (const float sum : c.dgamma.download()) EXPECT_TRUE(std::isnan(sum));
    for (const float sum : c.dbeta.download()) EXPECT_FALSE(std::isnan(sum));
  }
}

TEST_P(LayerNormTest, NoRowsGiveParameterGradientsOfZero) {
  Case<float> c(stream(), {0, 5});
  c.run();
  EXPECT_EQ(c.dgamma.download(), std::vector<float>(5, 0.0f));
  EXPECT_EQ(c.dbeta.download(), std::vector<float>(5, 0.0f));
}

TEST_P(LayerNormTest, GradientsThatAreNotAskedForChangeNoOther) {
  Case<float> all(stream(), {20, 70});
  all.run();
  const auto only = [&](auto keep) {
    Case<float> c(stream(), {20, 70});
    layer_norm_forward(stream(), c.forward());
    LayerNormBackward<float> op = c.backward();
    LayerNormBackward<float> asked = op;
    asked.dx = {};
    asked.dgamma = {};
    asked.dbeta = {};
    asked.*keep = op.*keep;
    layer_norm_backward(stream(), asked);
    return std::vector{c.dx.download(), c.dgamma.download(), c.dbeta.download()};
  };
  EXPECT_EQ(only(&LayerNormBackward<float>::dx)[0], all.dx.download());
  EXPECT_EQ(only(&LayerNormBackward<float>::dgamma)[1], all.dgamma.download());
  EXPECT_EQ(only(&LayerNormBackward<float>::dbeta)[2], all.dbeta.download());
  EXPECT_TRUE(std::isnan(only(&LayerNormBackward<float>::dbeta)[1][0]));  // Left as it was.
}

TEST_P(LayerNormTest, RefusesWhatDoesNotFit) {
  Case<float> c(stream(), {4, 6});
  const auto forward = [&](auto change) {
    LayerNormForward<float> op = c.forward();
    change(op);
    return [this, op] { layer_norm_forward(stream(), op); };
  };
  const auto backward = [&](auto change) {
    LayerNormBackward<float> op = c.backward();
    change(op);
    return [this, op] { layer_norm_backward(stream(), op); };
  };
  expect_invalid(forward([](auto& op) { op.gamma.count = 5; }),
                 {"layer_norm_forward", "gamma (5,)", "x (4, 6)"});
  expect_invalid(forward([](auto& op) { op.beta.count = 7; }), {"beta (7,)", "x (4, 6)"});
  expect_invalid(forward([](auto& op) { op.mean.count = 6; }), {"mean (6,)", "x (4, 6)"});
  expect_invalid(forward([](auto& op) { op.y.rows = 3; }), {"y (3, 6)", "x (4, 6)"});
  expect_invalid(forward([](auto& op) { op.y.data = const_cast<float*>(op.x.data); }),
                 {"layer_norm_forward", "y", "x", "share memory"});
  expect_invalid(forward([](auto& op) { op.x.cols = 0; }), {"x (4, 0)", "no columns"});
  for (const double epsilon : {0.0, -1e-5, static_cast<double>(kInf), static_cast<double>(kNan)}) {
    expect_invalid(forward([epsilon](auto& op) { op.epsilon = epsilon; }), {"epsilon"});
  }
  expect_invalid(backward([](auto& op) { op.dy.cols = 5; }),
                 {"layer_norm_backward", "dy (4, 5)", "x (4, 6)"});
  expect_invalid(backward([](auto& op) { op.dx.rows = 5; }), {"dx (5, 6)", "x (4, 6)"});
  expect_invalid(backward([](auto& op) { op.dgamma.count = 4; }), {"dgamma (4,)", "x (4, 6)"});
  expect_invalid(backward([](auto& op) { op.rstd = {}; }), {"rstd"});
  expect_invalid(backward([](auto& op) { op.dbeta = op.dgamma; }), {"share memory"});
}

TEST(LayerNorm, DoublesAreAccurate) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  for (const Size size : kLayerNormSizes) {
    Case<double> c(stream, size);
    expect_case(c);
  }
}

TEST(LayerNorm, ThreadCountsDoNotShow) {
  for (const Size size : {Size{700, 130}, Size{3, 40000}, Size{40000, 3}}) {
    std::vector<std::vector<std::vector<float>>> outputs;
    for (const int threads : {1, 2, 3}) {
      Stream stream({.device = DeviceType::kCpu, .threads = threads});
      outputs.push_back(Case<float>(stream, size).outputs());
    }
    EXPECT_EQ(outputs[0], outputs[1]) << shape_text(size.rows, size.cols);
    EXPECT_EQ(outputs[0], outputs[2]) << shape_text(size.rows, size.cols);
  }
}

TEST(LayerNorm, GivesTheSameBitsInEverySchedule) {
  const auto run = [] {
    Stream stream({.device = DeviceType::kSim});
    return Case<float>(stream, {19, 70}).outputs();
  };
  const auto expected = in_schedule(kSixSchedules[0], run);
  for (const sim::Schedule& schedule : kSixSchedules) {
    EXPECT_EQ(in_schedule(schedule, run), expected);
  }
}

TEST(LayerNorm, IsNotComputedInFloat64OnAGpu) {
  Stream stream({.device = DeviceType::kSim});
  Case<double> c(stream, {2, 3});
  expect_invalid([&] { layer_norm_forward(stream, c.forward()); },
                 {"layer_norm_forward", "float64", "sim"});
}

}  // namespace
}  // namespace gradvitals::test
