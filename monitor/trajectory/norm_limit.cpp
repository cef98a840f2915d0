#include "monitor/trajectory/norm_limit.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace gradvitals {

std::optional<double> spike_norm(const RobustWindow& norms, const Thresholds& thresholds) {
  const auto known = static_cast<std::int64_t>(norms.count());
  if (known == 0 || known < thresholds.min_norm_window) return std::nullopt;
  const double deviation = std::max(norms.upper_deviation(), thresholds.min_norm_deviation);
  const double median = norms.median();
  return std::max(std::pow(10.0, median + thresholds.spike_deviations * deviation),
                  std::pow(10.0, median) * thresholds.spike_factor);
}

}  // namespace gradvitals
