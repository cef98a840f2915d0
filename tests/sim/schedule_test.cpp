// Contract: kernels/sim/schedule.h.
#include "kernels/sim/schedule.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <numeric>

#include "tests/support/expect_invalid.h"

namespace gradvitals::sim {
namespace {

using Order = Schedule::Order;

TEST(SimSchedule, IsReadFromItsText) {
  EXPECT_EQ(parse_schedule("forward"), (Schedule{Order::kForward, 0}));
  EXPECT_EQ(parse_schedule("reverse"), (Schedule{Order::kReverse, 0}));
  EXPECT_EQ(parse_schedule("shuffle:7"), (Schedule{Order::kShuffled, 7}));
}

TEST(SimSchedule, OtherTextIsRefused) {
  for (const char* text :
       {"", "Forward", "shuffle", "shuffle:", "shuffle:x", "shuffle:7 ", "shuffle:-1"}) {
    test::expect_invalid([&] { parse_schedule(text); }, {text, "forward, reverse or shuffle:SEED"});
  }
}

TEST(SimSchedule, ComesFromTheEnvironmentWhereNoScopeSetsIt) {
  EXPECT_EQ(current_schedule(), Schedule{});
  ASSERT_EQ(setenv("GRADVITALS_SIM_SCHEDULE", "shuffle:3", 1), 0);
  EXPECT_EQ(current_schedule(), (Schedule{Order::kShuffled, 3}));
  {
    const ScheduleScope outer({.order = Order::kReverse});
    {
      const ScheduleScope inner({.order = Order::kForward});
      EXPECT_EQ(current_schedule(), Schedule{});
    }
    EXPECT_EQ(current_schedule().order, Order::kReverse);
  }
  EXPECT_EQ(current_schedule(), (Schedule{Order::kShuffled, 3}));
  ASSERT_EQ(unsetenv("GRADVITALS_SIM_SCHEDULE"), 0);
}

TEST(SimScheduler, DealsEveryNumberOnceInTheOrderAskedFor) {
  std::vector<std::uint32_t> ascending(100);
  std::iota(ascending.begin(), ascending.end(), 0u);
  EXPECT_EQ(Scheduler({.order = Order::kForward}).order(100), ascending);

  std::vector<std::uint32_t> reverse = Scheduler({.order = Order::kReverse}).order(100);
  EXPECT_EQ(reverse.front(), 99u);
  std::reverse(reverse.begin(), reverse.end());
  EXPECT_EQ(reverse, ascending);

  std::vector<std::uint32_t> shuffled =
      Scheduler({.order = Order::kShuffled, .seed = 1}).order(100);
  EXPECT_NE(shuffled, ascending);
  EXPECT_EQ(shuffled, Scheduler({.order = Order::kShuffled, .seed = 1}).order(100));
  EXPECT_NE(shuffled, Scheduler({.order = Order::kShuffled, .seed = 2}).order(100));
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, ascending);
}

TEST(SimScheduler, ShufflesAnewForEachBlock) {
  Scheduler scheduler({.order = Order::kShuffled, .seed = 1});
  const std::vector<std::uint32_t> first = scheduler.order(100);
  EXPECT_NE(scheduler.order(100), first);
}

}  // namespace
}  // namespace gradvitals::sim
