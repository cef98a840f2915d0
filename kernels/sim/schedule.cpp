#include "kernels/sim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <numeric>
#include <stdexcept>

namespace gradvitals::sim {
namespace {

constexpr const char* kVariable = "GRADVITALS_SIM_SCHEDULE";

thread_local const Schedule* innermost = nullptr;

}  // namespace

Schedule parse_schedule(std::string_view text) {
  if (text == "forward") return {.order = Schedule::Order::kForward};
  if (text == "reverse") return {.order = Schedule::Order::kReverse};
  constexpr std::string_view kShuffle = "shuffle:";
  if (text.starts_with(kShuffle)) {
    Schedule schedule{.order = Schedule::Order::kShuffled};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + kShuffle.size(), end, schedule.seed);
    if (error == std::errc() && stop == end) return schedule;
  }
  throw std::invalid_argument(
      fmt::format("{}: '{}' is no schedule: forward, reverse or shuffle:SEED", kVariable, text));
}

Schedule current_schedule() {
  if (innermost != nullptr) return *innermost;
  const char* text = std::getenv(kVariable);
  return text != nullptr ? parse_schedule(text) : Schedule{};
}

ScheduleScope::ScheduleScope(const Schedule& schedule) : schedule_(schedule), outer_(innermost) {
  innermost = &schedule_;
}

ScheduleScope::~ScheduleScope() {
  innermost = outer_;
}

std::vector<std::uint32_t> Scheduler::order(std::uint32_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (schedule_.order == Schedule::Order::kReverse) std::reverse(order.begin(), order.end());
  if (schedule_.order == Schedule::Order::kShuffled) {
    std::shuffle(order.begin(), order.end(), random_);
  }
  return order;
}

}  // namespace gradvitals::sim
