// Contract: monitor/trajectory/robust_window.h. Oracle: sorting the last values.
#include "monitor/trajectory/robust_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace gradvitals::test {
namespace {

double lower_median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[(values.size() - 1) / 2];
}

double mad_of(const std::vector<double>& values) {
  std::vector<double> distances;
  const double median = lower_median(values);
  for (const double value : values) distances.push_back(std::fabs(value - median));
  return lower_median(distances);
}

TEST(RobustWindow, AgreesWithSortingAtEverySizeAndOnceFull) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (const std::size_t capacity : {1, 2, 3, 8, 31}) {
    RobustWindow window(capacity);
    std::vector<double> last;
    for (int i = 0; i < 200; ++i) {
      const double value = i % 7 == 0 ? 0.5 : normal(random);  // Some are alike.
      window.add(value);
      last.push_back(value);
      if (last.size() > capacity) last.erase(last.begin());
      ASSERT_EQ(window.count(), last.size());
      ASSERT_EQ(window.values(), last);
      ASSERT_EQ(window.newest(), value);
      ASSERT_EQ(window.median(), lower_median(last));
      ASSERT_EQ(window.mad(), mad_of(last));
      ASSERT_EQ(window.deviation(), 1.4826 * mad_of(last));
      ASSERT_EQ(window.quantile(1.0), *std::ranges::max_element(last));
      ASSERT_EQ(window.quantile(0.0), *std::ranges::min_element(last));
      if (last.size() < 2) continue;
      const auto middle = last.begin() + static_cast<std::ptrdiff_t>(last.size() / 2);
      ASSERT_EQ(window.earlier_median(), lower_median({last.begin(), middle}));
      ASSERT_EQ(window.later_median(), lower_median({middle, last.end()}));
    }
  }
}

TEST(RobustWindow, DeviationOfNormalValuesIsTheirStandardDeviation) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal(3.0, 2.0);
  RobustWindow window(20000);
  for (int i = 0; i < 20000; ++i) window.add(normal(random));
  EXPECT_NEAR(window.deviation(), 2.0, 0.06);  // Its own standard error is 0.017.
  EXPECT_NEAR(window.median(), 3.0, 0.06);
}

TEST(RobustWindow, HoldsNothingAfterClear) {
  RobustWindow window(3);
  for (const double value : {1.0, 2.0, 3.0, 4.0}) window.add(value);
  window.clear();
  EXPECT_EQ(window.count(), 0u);
  window.add(7.0);
  EXPECT_EQ(window.values(), std::vector<double>{7.0});
}

}  // namespace
}  // namespace gradvitals::test
