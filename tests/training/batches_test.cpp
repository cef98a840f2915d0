// Contract: training/batches.h.
// Oracle:   counting; and two orders computed in Python from the description of Philox4x32-10.
#include "training/batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

std::vector<std::int64_t> batch_of(Batches& batches, std::int64_t step) {
  const auto samples = batches.samples(step);
  return {samples.begin(), samples.end()};
}

TEST(Batches, AnEpochSeesNoSampleTwiceAndAllButTheRest) {
  Batches batches(23, 5, 7);
  EXPECT_EQ(batches.steps_per_epoch(), 4);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::int64_t> seen;
    for (std::int64_t step = 4 * epoch; step < 4 * (epoch + 1); ++step) {
      for (const std::int64_t sample : batch_of(batches, step)) {
        EXPECT_GE(sample, 0);
        EXPECT_LT(sample, 23);
        EXPECT_TRUE(seen.insert(sample).second) << "sample " << sample << " twice";
      }
    }
    EXPECT_EQ(seen.size(), 20U);
  }
}

TEST(Batches, ABatchFollowsFromItsStepAlone) {
  Batches in_order(100, 8, 3);
  std::vector<std::vector<std::int64_t>> expected;
  for (std::int64_t step = 0; step < 40; ++step) expected.push_back(batch_of(in_order, step));
  Batches at_random(100, 8, 3);
  for (const std::int64_t step : {39, 0, 17, 12, 13, 0, 38}) {
    EXPECT_EQ(batch_of(at_random, step), expected[static_cast<std::size_t>(step)]) << step;
  }
}

TEST(Batches, OrdersDifferBetweenEpochsAndSeeds) {
  Batches batches(50, 50, 1);
  Batches others(50, 50, 2);
  EXPECT_NE(batch_of(batches, 0), batch_of(batches, 1));
  EXPECT_NE(batch_of(batches, 0), batch_of(others, 0));
}

TEST(Batches, TheOrderIsTheSameOnEveryMachine) {
  Batches batches(10, 10, 42);
  EXPECT_EQ(batch_of(batches, 0), (std::vector<std::int64_t>{8, 7, 1, 4, 3, 0, 2, 5, 9, 6}));
  EXPECT_EQ(batch_of(batches, 3), (std::vector<std::int64_t>{2, 5, 8, 9, 4, 6, 7, 0, 3, 1}));
}

TEST(Batches, EverySampleComesFirstAboutEquallyOften) {
  constexpr std::int64_t kRows = 4;
  constexpr int kEpochs = 4000;
  Batches batches(kRows, 1, 11);
  std::vector<int> first(kRows, 0);
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    ++first[static_cast<std::size_t>(batches.samples(epoch * kRows)[0])];
  }
  // Six standard deviations of a count with share 1/4.
  const double deviation = std::sqrt(kEpochs * 0.25 * 0.75);
  for (const int count : first) EXPECT_NEAR(count, kEpochs / 4.0, 6.0 * deviation);
}

TEST(Batches, ABatchOfMoreThanThereIsHoldsAll) {
  Batches batches(3, 100, 1);
  EXPECT_EQ(batches.batch(), 3);
  EXPECT_EQ(batches.steps_per_epoch(), 1);
  std::vector<std::int64_t> all = batch_of(batches, 5);
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(Batches, OneSampleIsABatch) {
  Batches batches(1, 1, 1);
  EXPECT_EQ(batch_of(batches, 9), std::vector<std::int64_t>{0});
}

TEST(Batches, RefusesNothingToTakeFrom) {
  expect_invalid([] { Batches(0, 1, 1); }, {"0 samples"});
  expect_invalid([] { Batches((std::int64_t{1} << 32) + 1, 1, 1); }, {"4294967297 samples"});
  expect_invalid([] { Batches(1, 0, 1); }, {"batch is 0"});
  expect_invalid([] { Batches(1, 1, 1).samples(-1); }, {"step is -1"});
}

}  // namespace
}  // namespace gradvitals::test
