// Contract: kernels/stats/activation_stats.h. Oracle: a loop per column. Tolerance: none, counts are
// exact.
#include "kernels/stats/activation_stats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

using Counts = std::vector<std::int64_t>;

struct Counted {
  Counts zero;
  Counts saturated;

  bool operator==(const Counted&) const = default;
};

template <class T>
TensorView view_of(const GuardedBuffer<T>& values, std::int64_t rows, std::int64_t cols, Role role,
                   Activation activation, const Device& device) {
  return {.name = "hidden",
          .role = role,
          .layer = 1,
          .data = values.data(),
          .count = rows * cols,
          .rows = rows,
          .cols = cols,
          .dtype = kDTypeOf<T>,
          .device = device,
          .activation = activation};
}

template <class T>
Counted counted(Stream& stream, const std::vector<T>& values, std::int64_t cols, Role role,
                Activation activation, std::int64_t misalignment = 0) {
  const std::int64_t rows = std::ssize(values) / cols;
  const GuardedBuffer<T> in(stream, std::span<const T>(values),
                            misalignment * static_cast<std::int64_t>(sizeof(T)));
  const GuardedBuffer<std::int64_t> zero(stream, cols);
  const GuardedBuffer<std::int64_t> saturated(stream, cols);
  activation_stats(stream, {.view = view_of(in, rows, cols, role, activation, stream.device()),
                            .zero_count = zero.vector(),
                            .saturated_count = saturated.vector()});
  EXPECT_TRUE(zero.guards_intact());
  EXPECT_TRUE(saturated.guards_intact());
  return {zero.download(), saturated.download()};
}

template <class T, class Saturated>
Counted expected_counts(const std::vector<T>& values, std::int64_t cols, Saturated saturated) {
  Counted expected{Counts(static_cast<std::size_t>(cols)), Counts(static_cast<std::size_t>(cols))};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t column = i % static_cast<std::size_t>(cols);
    if (values[i] == T{0}) ++expected.zero[column];
    if (saturated(values[i])) ++expected.saturated[column];
  }
  return expected;
}

/// Both signs of every value that a rule turns on, and their neighbours.
template <class T>
std::vector<T> telling_values(std::int64_t count) {
  const T inf = std::numeric_limits<T>::infinity();
  const T kinds[] = {0,
                     1,
                     5,
                     std::nextafter(T{5}, T{0}),
                     std::nextafter(T{1}, T{0}),
                     T{0.5},
                     100,
                     std::numeric_limits<T>::denorm_min(),
                     inf,
                     std::numeric_limits<T>::quiet_NaN(),
                     static_cast<T>(4.9)};
  std::vector<T> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T value = kinds[(i * i + i / 7) % std::size(kinds)];
    values[i] = i % 3 == 0 ? -value : value;
  }
  return values;
}

class ActivationStatsTest : public DeviceTest {
 protected:
  template <class Saturated>
  void expect_rule(Role role, Activation activation, Saturated saturated) {
    for (const std::int64_t cols : {1, 3, 31, 32, 33, 1025}) {
      SCOPED_TRACE(::testing::Message()
                   << name(role) << " of " << name(activation) << ", " << cols);
      const std::vector<float> narrow = telling_values<float>(cols * 37);
      EXPECT_EQ(counted(stream(), narrow, cols, role, activation),
                expected_counts(narrow, cols, saturated));
      const std::vector<double> wide = telling_values<double>(cols * 37);
      EXPECT_EQ(counted(stream(), wide, cols, role, activation),
                expected_counts(wide, cols, saturated));
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, ActivationStatsTest, all_devices(), device_name);

TEST_P(ActivationStatsTest, ASaturatedPreActivationIsAtOrBeyondTheThreshold) {
  const auto beyond = [](double z) { return z >= 5.0 || z <= -5.0; };
  expect_rule(Role::kPreActivation, Activation::kSigmoid, beyond);
  expect_rule(Role::kPreActivation, Activation::kTanh, beyond);
}

TEST_P(ActivationStatsTest, ASaturatedSigmoidOutputIsExactlyZeroOrOne) {
  expect_rule(Role::kOutput, Activation::kSigmoid, [](double a) { return a == 0.0 || a == 1.0; });
}

TEST_P(ActivationStatsTest, ASaturatedTanhOutputIsExactlyOneOfEitherSign) {
  expect_rule(Role::kOutput, Activation::kTanh, [](double a) { return a == 1.0 || a == -1.0; });
}

TEST_P(ActivationStatsTest, NothingElseSaturates) {
  const auto never = [](double) { return false; };
  for (const ActivationProperties& activation : kActivationTable) {
    if (activation.saturation) continue;
    expect_rule(Role::kPreActivation, activation.activation, never);
    expect_rule(Role::kOutput, activation.activation, never);
  }
  for (const Role role : {Role::kGradient, Role::kWeight, Role::kDelta}) {
    expect_rule(role, Activation::kSigmoid, never);
  }
}

TEST_P(ActivationStatsTest, NanCountsAsNeither) {
  const std::vector<float> values(6, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(counted(stream(), values, 3, Role::kPreActivation, Activation::kSigmoid),
            (Counted{{0, 0, 0}, {0, 0, 0}}));
}

TEST_P(ActivationStatsTest, ADeadUnitIsZeroInEveryRow) {
  const std::vector<float> values{0, 1, -0.0f, 0, 2, 0};
  EXPECT_EQ(counted(stream(), values, 3, Role::kOutput, Activation::kRelu),
            (Counted{{2, 0, 2}, {0, 0, 0}}));
}

TEST_P(ActivationStatsTest, NoRowsGiveCountsOfZero) {
  EXPECT_EQ(counted(stream(), std::vector<float>{}, 3, Role::kOutput, Activation::kSigmoid),
            (Counted{{0, 0, 0}, {0, 0, 0}}));
}

TEST_P(ActivationStatsTest, EveryStartGivesTheSameCounts) {
  const std::vector<float> values = telling_values<float>(33 * 9);
  const Counted expected = counted(stream(), values, 33, Role::kPreActivation, Activation::kTanh);
  for (std::int64_t start = 1; start < 16; ++start) {
    EXPECT_EQ(counted(stream(), values, 33, Role::kPreActivation, Activation::kTanh, start),
              expected);
  }
}

TEST(ActivationStats, EveryThreadCountGivesTheSameCounts) {
  const std::vector<float> values = telling_values<float>(4000 * 5);
  const auto counts = [&](int threads) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    return counted(stream, values, 4000, Role::kOutput, Activation::kSigmoid);
  };
  EXPECT_EQ(counts(1), counts(2));
  EXPECT_EQ(counts(1), counts(3));
}

TEST_P(ActivationStatsTest, RefusesWhatDoesNotFitAndNamesTheView) {
  const GuardedBuffer<float> values(stream(), 6);
  const GuardedBuffer<std::int64_t> counts(stream(), 3);
  const GuardedBuffer<std::int64_t> others(stream(), 3);
  const auto call = [&](auto change) {
    return [&, change] {
      ActivationStats op{
          .view = view_of(values, 2, 3, Role::kOutput, Activation::kSigmoid, stream().device()),
          .zero_count = counts.vector(),
          .saturated_count = others.vector()};
      change(op);
      activation_stats(stream(), op);
    };
  };
  expect_invalid(call([](ActivationStats& op) { op.view.count = 5; }),
                 {"activation_stats", "hidden", "(2, 3)", "5 elements"});
  expect_invalid(call([](ActivationStats& op) { op.view.rows = -2; }), {"hidden", "negative"});
  expect_invalid(call([](ActivationStats& op) { op.view.data = nullptr; }), {"hidden", "no data"});
  expect_invalid(call([](ActivationStats& op) { op.view.dtype = DType::kBFloat16; }),
                 {"hidden", "BF16"});
  expect_invalid(call([&](ActivationStats& op) {
                   op.view.device = stream().device().type == DeviceType::kCuda ? DeviceType::kCpu
                                                                                : DeviceType::kCuda;
                 }),
                 {"hidden", "cuda", name(stream().device())});
  expect_invalid(
      call([](ActivationStats& op) { op.view.data = static_cast<const char*>(op.view.data) + 1; }),
      {"hidden", "multiple of 4 bytes"});
  expect_invalid(call([](ActivationStats& op) { op.zero_count.count = 2; }),
                 {"hidden", "(2, 3)", "zero_count (2,)"});
  expect_invalid(call([](ActivationStats& op) { op.saturated_count.data = nullptr; }),
                 {"saturated_count (3,)"});
}

}  // namespace
}  // namespace gradvitals::test
