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

}  // namespace gradvitals
