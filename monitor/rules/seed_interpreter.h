// The seed notebook's interpreter: its text and its score, byte for byte, quirks included.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

struct SeedScore {
  int score = 0;             ///< 0..8
  std::string_view verdict;  ///< "EXCELLENT" (>= 7), "MODERATE" (>= 5), "POOR" (>= 3) or "CRITICAL"
};

/// The score that the seed would print. Uses the seed's keys alone.
SeedScore seed_score(const HealthMetrics& metrics);

/// The seed's diagnosis text, beginning with its blank line and ending with a line break.
std::string interpret_gradient_health(const HealthMetrics& metrics);

}  // namespace gradvitals
