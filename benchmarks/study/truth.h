// The truth that verdicts are scored against: what a network reached when it was trained.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "benchmarks/study/trial.h"

namespace gradvitals::study {

/// Of the best score that any network reached on the task:
enum class Truth : std::uint8_t {
  kTrains,   ///< Adam and the better of SGD 0.3 and 0.03 both reached kTrainsShare.
  kFails,    ///< Neither reached kFailsShare.
  kBetween,  ///< All others: listed, not scored.
};

inline constexpr double kTrainsShare = 0.85;
inline constexpr double kFailsShare = 0.70;

/// "trains", "fails", "between"
std::string_view name(Truth truth);

/// By task: the best score of any trial.
std::vector<double> best_scores(const std::vector<Trial>& trials, std::size_t task_count);

Truth truth_of(const Trial& trial, double best_score);

}  // namespace gradvitals::study
