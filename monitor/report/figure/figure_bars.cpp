#include "monitor/report/figure/figure_bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/report/figure/drawable_text.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/number_text.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

constexpr int kMaxNameLength = 20;
constexpr std::size_t kMaxFaultLines = 3;
constexpr std::size_t kMaxNumbers = 12;

/// Those that are named; one more line than there is room for says that there are others.
std::vector<std::size_t> named_faults(const NetworkReport& network, RuleSet rules) {
  if (has_named_bars(network.metrics)) return {};
  std::vector<std::size_t> places = bars_at_fault(network, rules);
  if (places.size() > kMaxFaultLines) places.resize(kMaxFaultLines - 1);
  return places;
}

std::string value_text(double norm) {
  if (std::isnan(norm)) return "NaN";
  if (std::isinf(norm)) return norm > 0.0 ? "Inf" : "-Inf";
  return norm == 0.0 ? "0" : scientific(norm);
}

/// Of those at fault, in order: none so near to the one before that their numbers would overlap.
std::vector<std::size_t> numbered_faults(std::vector<std::size_t> faults, std::size_t apart) {
  std::ranges::sort(faults);
  std::vector<std::size_t> kept;
  for (const std::size_t place : faults) {
    if (kept.empty() || place - kept.back() >= apart) kept.push_back(place);
  }
  return kept;
}

/// Every so many bars a number, but none so near to one at fault that they would overlap.
std::vector<BarTick> numbers(std::size_t bars, const std::vector<std::size_t>& named) {
  const std::size_t step = (bars + kMaxNumbers - 1) / kMaxNumbers;
  const std::vector<std::size_t> faults = numbered_faults(named, step);
  std::vector<std::size_t> places = faults;
  for (std::size_t place = 0; place < bars; place += step) {
    const bool overlaps = std::ranges::any_of(faults, [&](std::size_t fault) {
      return std::max(fault, place) - std::min(fault, place) < step;
    });
    if (step == 1 ? std::ranges::count(faults, place) == 0 : !overlaps) places.push_back(place);
  }
  std::ranges::sort(places);
  std::vector<BarTick> ticks;
  for (const std::size_t place : places) ticks.push_back({place, fmt::to_string(place + 1)});
  return ticks;
}

}  // namespace

bool has_named_bars(const HealthMetrics& metrics) {
  return metrics.gradient_norms.size() <= kMaxNamedBars && !names_of_norms(metrics).empty();
}

std::vector<BarTick> bar_ticks(const NetworkReport& network, RuleSet rules) {
  const HealthMetrics& metrics = network.metrics;
  if (!has_named_bars(metrics)) {
    return numbers(metrics.gradient_norms.size(), named_faults(network, rules));
  }
  std::vector<BarTick> ticks;
  for (std::string& name : shortened_names(names_of_norms(metrics), kMaxNameLength)) {
    ticks.push_back({ticks.size(), std::move(name)});
  }
  return ticks;
}

std::vector<std::string> fault_lines(const NetworkReport& network, RuleSet rules, LineRoom room) {
  const std::vector<std::string> names = names_of_norms(network.metrics);
  const std::vector<std::size_t> faults = named_faults(network, rules);
  std::vector<std::string> lines;
  for (const std::size_t place : faults) {
    const std::string value = value_text(network.metrics.gradient_norms[place]);
    const std::string number = fmt::format("{}: ", place + 1);
    if (names.empty()) {
      lines.push_back(number + value);
      continue;
    }
    const double left = room.pixels - drawn_width(number + ", " + value, room.points);
    lines.push_back(
        fmt::format("{}{}, {}", number, fitted(printable(names[place]), room.points, left), value));
  }
  const std::size_t all = faults.empty() ? 0 : bars_at_fault(network, rules).size();
  if (all > faults.size()) lines.push_back(fmt::format("and {} more", all - faults.size()));
  return lines;
}

}  // namespace gradvitals
