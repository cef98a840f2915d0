// Contract: training/held_out.h. Oracle: samples that carry their own number.
#include "training/held_out.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

/// Row i has features i and i + 0.5 and the target -i.
Samples numbered_samples(std::int64_t rows) {
  Samples samples{.rows = rows, .x = {}, .y = {}};
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto number = static_cast<float>(row);
    samples.x.insert(samples.x.end(), {number, number + 0.5F});
    samples.y.push_back(-number);
  }
  return samples;
}

TEST(HoldOut, PutsEachSampleIntoOneOfTwoParts) {
  const TrainingData data = hold_out(numbered_samples(250), "numbers", 0.1, 3);
  EXPECT_EQ(data.training.rows, 225);
  EXPECT_EQ(data.validation.rows, 25);
  EXPECT_EQ(data.features, 2);
  EXPECT_EQ(data.outputs, 1);
  std::set<float> seen;
  for (const Samples* const part : {&data.training, &data.validation}) {
    for (std::size_t row = 0; row < part->y.size(); ++row) {
      EXPECT_EQ(part->x[2 * row], -part->y[row]);
      EXPECT_EQ(part->x[2 * row + 1], -part->y[row] + 0.5F);
      seen.insert(part->y[row]);
    }
  }
  EXPECT_EQ(seen.size(), 250U);
}

TEST(HoldOut, FollowsFromTheSeed) {
  const auto held_out = [](std::uint64_t seed) {
    return hold_out(numbered_samples(400), "numbers", 0.1, seed).validation.y;
  };
  EXPECT_EQ(held_out(1), held_out(1));
  EXPECT_NE(held_out(1), held_out(2));
}

TEST(HoldOut, LeavesFewSamplesWhole) {
  const TrainingData few = hold_out(numbered_samples(kFewestToHoldOut - 1), "few", 0.5, 1);
  EXPECT_EQ(few.validation.rows, 0);
  EXPECT_EQ(few.training.y, numbered_samples(kFewestToHoldOut - 1).y);
  EXPECT_GT(hold_out(numbered_samples(kFewestToHoldOut), "enough", 0.5, 1).validation.rows, 0);
}

TEST(HoldOut, RefusesWhatIsNoShareAndNoSamples) {
  expect_invalid([] { hold_out(numbered_samples(4), "four", 1.0, 1); }, {"share", "[0, 1)"});
  expect_invalid([] { hold_out({}, "none", 0.1, 1); }, {"no samples"});
}

}  // namespace
}  // namespace gradvitals::test
