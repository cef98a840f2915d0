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

// Scores from which on the seed says so; the lowest class, CRITICAL, has no score of its own.
inline constexpr int kSeedExcellent = 7;
inline constexpr int kSeedModerate = 5;
inline constexpr int kSeedPoor = 3;

/// Largest over smallest norm with the seed's "avoid division by zero", which hides every norm
/// below 1e-10.
double seed_range_ratio(const HealthMetrics& metrics);

/// The score that the seed would print. Uses the seed's keys alone.
SeedScore seed_score(const HealthMetrics& metrics);

/// The seed's diagnosis text, beginning with its blank line and ending with a line break. The seed
/// says "Loss Computed Successfully" of any loss, and of none.
std::string interpret_gradient_health(const HealthMetrics& metrics);

/// The same with another line about the loss, without its line break.
std::string interpret_gradient_health(const HealthMetrics& metrics, std::string_view loss_line);

}  // namespace gradvitals
