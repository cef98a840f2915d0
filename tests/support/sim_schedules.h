// The orders of blocks and threads that a kernel must give the same bits in.
#pragma once

#include <array>

#include "kernels/sim/schedule.h"

namespace gradvitals::test {

inline constexpr std::array kSixSchedules = {
    sim::Schedule{sim::Schedule::Order::kForward},
    sim::Schedule{sim::Schedule::Order::kReverse},
    sim::Schedule{sim::Schedule::Order::kShuffled, 1},
    sim::Schedule{sim::Schedule::Order::kShuffled, 2},
    sim::Schedule{sim::Schedule::Order::kShuffled, 3},
    sim::Schedule{sim::Schedule::Order::kShuffled, 4},
};

/// What `run` returns in that order.
template <class Run>
auto in_schedule(const sim::Schedule& schedule, Run run) {
  const sim::ScheduleScope scope(schedule);
  return run();
}

}  // namespace gradvitals::test
