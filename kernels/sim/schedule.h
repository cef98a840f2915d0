// Schedule: the order in which blocks run, and in which the threads of a block go on. A correct
// kernel gives the same bits in every order; one that lacks a barrier does not.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace gradvitals::sim {

struct Schedule {
  enum class Order : std::uint8_t { kForward, kReverse, kShuffled };

  Order order = Order::kForward;
  std::uint64_t seed = 0;  ///< Of kShuffled; every launch starts from it.

  bool operator==(const Schedule&) const = default;
};

/// "forward", "reverse" or "shuffle:SEED". Throws std::invalid_argument for any other text.
Schedule parse_schedule(std::string_view text);

/// The calling thread's schedule: the innermost ScheduleScope's, else that of the environment
/// variable GRADVITALS_SIM_SCHEDULE, else forward.
Schedule current_schedule();

/// Sets the calling thread's schedule while it lives.
class ScheduleScope {
 public:
  explicit ScheduleScope(const Schedule& schedule);
  ~ScheduleScope();
  ScheduleScope(const ScheduleScope&) = delete;
  ScheduleScope& operator=(const ScheduleScope&) = delete;

 private:
  Schedule schedule_;
  const Schedule* outer_;
};

/// Deals out the orders of one launch.
class Scheduler {
 public:
  explicit Scheduler(const Schedule& schedule) : schedule_(schedule), random_(schedule.seed) {}

  /// 0 ... count - 1 in the next order.
  std::vector<std::uint32_t> order(std::uint32_t count);

  /// Whether order() gives the same for the same count every time.
  bool repeats() const { return schedule_.order != Schedule::Order::kShuffled; }

 private:
  Schedule schedule_;
  std::mt19937_64 random_;
};

}  // namespace gradvitals::sim
