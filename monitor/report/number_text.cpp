#include "monitor/report/number_text.h"

#include <fmt/core.h>

#include <cmath>

namespace gradvitals {

std::string scientific(double value) {
  return std::isnan(value) ? "nan" : fmt::format("{:.1e}", value);
}

std::string three_digits(double value) {
  return std::isnan(value) ? "nan" : fmt::format("{:.3g}", value);
}

std::string score_text(std::string_view score_name, double score, int digits) {
  constexpr double kLongest = 10.0;
  if (!(std::abs(score) < kLongest)) return three_digits(score);
  if (score_name == "accuracy") return fmt::format("{:.{}f} %", 100.0 * score, digits);
  return fmt::format("{:.{}f}", score, digits + 2);
}

}  // namespace gradvitals
