#include "monitor/report/figure/step_axis.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradvitals {
namespace {

constexpr int kDigitPixels = 9;
constexpr int kTickGapPixels = 24;
constexpr std::uint64_t kMostStepTicks = 9;

std::uint64_t distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

/// 1, 2 or 5 times a power of ten, so that there are no more than `most` intervals.
std::uint64_t tick_distance(std::uint64_t span, std::uint64_t most) {
  constexpr std::uint64_t kLargestPower = 1'000'000'000'000'000'000;
  for (std::uint64_t power = 1;; power *= 10) {
    for (const std::uint64_t factor : {1U, 2U, 5U}) {
      if (span / (power * factor) < most) return power * factor;
    }
    if (power == kLargestPower) return power * 10;
  }
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string text = fmt::to_string(number);
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  for (std::size_t place = text.size(); place > sign + 3;) {
    place -= 3;
    text.insert(place, ",");
  }
  return text;
}

double StepAxis::at(std::int64_t step) const {
  return static_cast<double>(distance(first_, std::clamp(step, first_, last_)));
}

double StepAxis::pad() const {
  return first_ == last_ ? 0.5 : 0.015 * static_cast<double>(distance(first_, last_));
}

std::vector<StepTick> StepAxis::ticks(int pixels) const {
  const int width = kDigitPixels * static_cast<int>(grouped(last_).size()) + kTickGapPixels;
  const std::uint64_t room = static_cast<std::uint64_t>(std::max(pixels / width, 1));
  const std::uint64_t span = distance(first_, last_);
  const std::uint64_t step = tick_distance(span, std::min(room, kMostStepTicks));
  const std::uint64_t from_zero = static_cast<std::uint64_t>(first_);
  std::uint64_t offset = first_ >= 0 ? (step - from_zero % step) % step : (0 - from_zero) % step;
  std::vector<StepTick> ticks;
  while (offset <= span) {
    const auto number = static_cast<std::int64_t>(from_zero + offset);
    ticks.push_back({static_cast<double>(offset), grouped(number)});
    if (span - offset < step) break;
    offset += step;
  }
  // No multiple lies between two neighbours of a long number.
  if (ticks.empty()) ticks.push_back({0.0, grouped(first_)});
  return ticks;
}

std::string StepAxis::tick_list(int pixels) const {
  std::vector<std::string> list;
  for (const StepTick& tick : ticks(pixels)) {
    list.push_back(fmt::format("'{}' {:.10g}", tick.text, tick.at));
  }
  return fmt::format("({})", fmt::join(list, ", "));
}

std::string StepAxis::tick_list_without_text(int pixels) const {
  std::vector<std::string> list;
  for (const StepTick& tick : ticks(pixels)) list.push_back(fmt::format("'' {:.10g}", tick.at));
  return fmt::format("({})", fmt::join(list, ", "));
}

}  // namespace gradvitals
