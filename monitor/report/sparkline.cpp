#include "monitor/report/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace gradvitals {
namespace {

constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
/// The more ink, the higher.
constexpr std::array<std::string_view, 8> kAsciiLevels = {"_", ".", "-", "=", "+", "*", "%", "#"};

/// From 0 to 1, and above it for what the range does not hold.
double height(double value, SparkRange range) {
  if (value < range.low) return 0.0;
  if (!(range.low > 0.0 && range.high > range.low)) return 0.5;
  if (value == range.low) return 0.0;
  // Quotients would overflow.
  const double low = std::log(range.low);
  return (std::log(value) - low) / (std::log(range.high) - low);
}

}  // namespace

void widen(SparkRange& range, std::span<const double> values) {
  for (const double value : values) {
    if (!(value > 0.0 && std::isfinite(value))) continue;
    range.low = range.low > 0.0 ? std::min(range.low, value) : value;
    range.high = std::max(range.high, value);
  }
}

std::string sparkline(std::span<const double> values, SparkRange range, TextStyle style) {
  const auto& levels = style.ascii ? kAsciiLevels : kBlocks;
  const auto highest = static_cast<double>(levels.size() - 1);
  std::string line;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      line += 'x';
      continue;
    }
    const double level = std::clamp(std::round(height(value, range) * highest), 0.0, highest);
    line += levels[static_cast<std::size_t>(level)];
  }
  return line;
}

}  // namespace gradvitals
