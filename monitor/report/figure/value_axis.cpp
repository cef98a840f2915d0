#include "monitor/report/figure/value_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace gradvitals {
namespace {

/// gnuplot counts in float64, and margins and strips come beyond the values.
constexpr double kLargestLinear = 1e300;
constexpr double kFarthestExponent = 230.0;

/// Of the span, at either end.
constexpr double kMargin = 0.05;

/// A curve that hardly moves is not drawn as if it did: two ticks or more of 1, 2, 5 are in it.
constexpr double kLeastDecades = 0.8;

/// From here on powers of ten alone are ticks.
constexpr double kFewDecades = 2.5;
constexpr std::array kDecadeSteps = {1, 2, 5, 10, 20, 50, 100, 200, 500};

/// A tick's label, and as much above it.
constexpr double kTickPixels = 24.0;

/// Every power of ten that is a multiple of 1, 2, 5, ...; within few decades also 2 and 5 times each.
std::vector<double> decade_ticks(double low, double high, double most) {
  std::vector<double> positions;
  const bool are_few = high - low < kFewDecades;
  const auto* step = std::ranges::find_if(
      kDecadeSteps, [&](int candidate) { return (high - low) / candidate <= most; });
  for (double exponent = std::floor(low / *step) * *step; exponent <= high; exponent += *step) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double position = exponent + std::log10(factor);
      if (low <= position && position <= high && (are_few || factor == 1.0)) {
        positions.push_back(position);
      }
    }
  }
  return positions;
}

/// 1, 2 or 5 times a power of ten apart.
std::vector<double> linear_ticks(double low, double high, double most) {
  const double power = std::pow(10.0, std::floor(std::log10((high - low) / most)));
  double step = 10.0 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if ((high - low) / (factor * power) <= most) step = factor * power;
  }
  std::vector<double> positions;
  for (double count = std::ceil(low / step); count * step <= high; ++count) {
    // Adding turns a negative zero into one.
    positions.push_back(count * step + 0.0);
  }
  return positions;
}

/// Every other one until there is room for all.
void thin_out_ticks(std::vector<double>& positions, double most) {
  while (static_cast<double>(positions.size()) > most) {
    std::vector<double> kept;
    for (std::size_t i = 0; i < positions.size(); i += 2) kept.push_back(positions[i]);
    positions = std::move(kept);
  }
}

}  // namespace

double ValueAxis::position(double value) const {
  if (!is_logarithmic()) return std::clamp(value, -kLargestLinear, kLargestLinear);
  return std::clamp(std::log10(value), -kFarthestExponent, kFarthestExponent);
}

double ValueAxis::value_at(double position) const {
  return is_logarithmic() ? std::pow(10.0, position) : position;
}

void ValueAxis::include(double value) {
  if (is_logarithmic() && value <= 0.0) {
    has_zero_ = true;
    return;
  }
  const double place = position(value);
  least_ = has_numbers_ ? std::min(least_, place) : place;
  most_ = has_numbers_ ? std::max(most_, place) : place;
  has_numbers_ = true;
  widen();
}

void ValueAxis::widen() {
  const double margin = kMargin * (most_ - least_);
  low_ = least_ - margin;
  high_ = most_ + margin;
  const double least_span =
      is_logarithmic() ? kLeastDecades : std::max(std::abs(most_), std::abs(least_)) * 0.1;
  const double missing = (least_span > 0.0 ? least_span : 1.0) - (high_ - low_);
  if (missing > 0.0) {
    low_ -= missing / 2;
    high_ += missing / 2;
  }
}

double ValueAxis::at(double value) const {
  return is_logarithmic() && value <= 0.0 ? zero() : value_at(position(value));
}

double ValueAxis::zero() const {
  return value_at(low_ - strip() / 2);
}

double ValueAxis::nonfinite() const {
  return value_at(high_ + strip() / 2);
}

std::string ValueAxis::range() const {
  return fmt::format("[{:.10g}:{:.10g}]", value_at(low_ - (has_zero_ ? strip() : 0.0)),
                     value_at(high_ + (has_nonfinite_ ? strip() : 0.0)));
}

std::string ValueAxis::tick_list(int pixels) const {
  const double most = std::max(2.0, static_cast<double>(pixels) / kTickPixels);
  std::vector<double> positions =
      is_logarithmic() ? decade_ticks(low_, high_, most) : linear_ticks(low_, high_, most);
  thin_out_ticks(positions, most);
  // The ticks of the strips stand close to the ends.
  const double room = strip() / 2;
  std::erase_if(positions, [&](double position) {
    return (has_nonfinite_ && position > high_ - room) || (has_zero_ && position < low_ + room);
  });
  const bool are_powers = is_logarithmic() && high_ - low_ >= kFewDecades;
  // Of nothing but zeros and NaN there are no numbers to tell.
  if (!has_numbers_) positions.clear();
  std::vector<std::string> list;
  for (const double position : positions) {
    list.push_back(are_powers ? fmt::format("'1e{0}' 1e{0}", position)
                              : fmt::format("'{0:.6g}' {0:.10g}", value_at(position)));
  }
  if (has_zero_) list.push_back(fmt::format("'0' {:.10g}", zero()));
  if (has_nonfinite_) list.push_back(fmt::format("'NaN, Inf' {:.10g}", nonfinite()));
  return fmt::format("({})", fmt::join(list, ", "));
}

}  // namespace gradvitals
