// Contract: kernels/ops/elementwise.h. Oracle: the operator, element by element; both round once, so
// that equality is exact.
#include "kernels/ops/elementwise.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

constexpr std::array<std::int64_t, 13> kElementwiseSizes = {0,   1,    31,   32,   33,   255,   256,
                                                            257, 1023, 1024, 1025, 7919, 200003};

template <class T>
std::vector<T> wave(std::int64_t count, double frequency) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<T>(3 * std::sin(frequency * static_cast<double>(i))));
  }
  return values;
}

template <class T>
std::vector<T> sums(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] + b[i]);
  return out;
}

template <class T>
std::vector<T> products(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] * b[i]);
  return out;
}

template <class T>
void expect_sums_and_products(Stream& stream, const std::vector<T>& a, const std::vector<T>& b,
                              std::int64_t misalignment_bytes) {
  const GuardedBuffer<T> a_in(stream, a, misalignment_bytes);
  const GuardedBuffer<T> b_in(stream, b);
  const GuardedBuffer<T> out(stream, a_in.count(), misalignment_bytes);
  add<T>(stream, {a_in.vector(), b_in.vector(), out.vector()});
  expect_close(out.download(), sums(a, b), kExact);
  multiply<T>(stream, {a_in.vector(), b_in.vector(), out.vector()});
  expect_close(out.download(), products(a, b), kExact);
  EXPECT_TRUE(out.guards_intact());
}

class ElementwiseTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, ElementwiseTest, all_devices(), device_name);

TEST_P(ElementwiseTest, AddsAndMultipliesAtEverySizeAndAlignment) {
  for (const std::int64_t size : kElementwiseSizes) {
    for (const std::int64_t misalignment : {0, 4, 12}) {
      SCOPED_TRACE(testing::Message() << size << " " << misalignment);
      expect_sums_and_products(stream(), wave<float>(size, 0.7), wave<float>(size, 1.3),
                               misalignment);
    }
  }
}

TEST_P(ElementwiseTest, FollowsIeeeForSpecialValues) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  const std::vector<float> a = {kNan, kInf, kInf, 0.0f, 1e20f, 1e-30f, kTiny, 3e38f, -kInf};
  const std::vector<float> b = {1.0f, -kInf, 0.0f, -0.0f, 1e20f, 1e-30f, kTiny, 3e38f, 2.0f};
  expect_sums_and_products(stream(), a, b, 0);
}

TEST_P(ElementwiseTest, WritesOverEitherArgument) {
  const std::vector<float> a = wave<float>(1025, 0.7);
  const std::vector<float> b = wave<float>(1025, 1.3);
  const GuardedBuffer<float> a_in(stream(), a);
  const GuardedBuffer<float> b_in(stream(), b);
  add<float>(stream(), {a_in.vector(), b_in.vector(), a_in.vector()});
  expect_close(a_in.download(), sums(a, b), kExact);
  multiply<float>(stream(), {a_in.vector(), b_in.vector(), b_in.vector()});
  expect_close(b_in.download(), products(sums(a, b), b), kExact);
  add<float>(stream(), {b_in.vector(), b_in.vector(), b_in.vector()});
  const std::vector<float> product = products(sums(a, b), b);
  expect_close(b_in.download(), sums(product, product), kExact);
  EXPECT_TRUE(a_in.guards_intact());
  EXPECT_TRUE(b_in.guards_intact());
}

TEST_P(ElementwiseTest, RefusesWhatDoesNotFit) {
  const GuardedBuffer<float> five(stream(), 5);
  const GuardedBuffer<float> six(stream(), 6);
  const auto v5 = five.vector();
  const auto v6 = six.vector();
  expect_invalid([&] { add<float>(stream(), {v5, v6, v5}); }, {"add", "a (5,)", "b (6,)"});
  expect_invalid([&] { add<float>(stream(), {v5, v5, v6}); }, {"add", "a (5,)", "out (6,)"});
  expect_invalid(
      [&] {
        multiply<float>(stream(), {v5, v6, v5});
      },
      {"multiply", "a (5,)", "b (6,)"});
  expect_invalid(
      [&] {
        multiply<float>(stream(), {v5, {nullptr, 5}, v5});
      },
      {"multiply", "b (5,)", "no data"});
  expect_invalid([&] { add<float>(stream(), {{v5.data, -1}, v5, v5}); }, {"add", "a (-1,)"});
  expect_invalid(
      [&] {
        add<float>(stream(), {{v6.data, 5}, v5, {v6.data + 1, 5}});
      },
      {"add", "out and a share memory"});
}

TEST(Elementwise, AddsAndMultipliesDoubles) {
  Stream stream;
  for (const std::int64_t size : kElementwiseSizes) {
    SCOPED_TRACE(size);
    expect_sums_and_products(stream, wave<double>(size, 0.7), wave<double>(size, 1.3), 8);
  }
}

}  // namespace
}  // namespace gradvitals::test
