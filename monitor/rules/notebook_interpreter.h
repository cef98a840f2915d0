// The notebook's interpreter: its text and its score, byte for byte, quirks included.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "monitor/metrics/health_metrics.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

struct NotebookScore {
  int score = 0;             ///< 0..8
  std::string_view verdict;  ///< "EXCELLENT" (>= 7), "MODERATE" (>= 5), "POOR" (>= 3) or "CRITICAL"
};

// Scores from which on the notebook says so; the lowest class, CRITICAL, has no score of its own.
inline constexpr int kNotebookExcellent = 7;
inline constexpr int kNotebookModerate = 5;
inline constexpr int kNotebookPoor = 3;

/// Largest over smallest norm with the notebook's "avoid division by zero", which hides every norm
/// below 1e-10.
double notebook_range_ratio(const HealthMetrics& metrics);

/// The score that the notebook would print. Uses the notebook's keys alone.
NotebookScore notebook_score(const HealthMetrics& metrics);

/// What the notebook's three checks found, as a phrase: "8 of 8 norms lie below 1e-06".
std::string notebook_evidence(const HealthMetrics& metrics);

/// Whether the notebook and the full rules say different things of a network: one calls it healthy
/// and the other does not, the score is too high for the severity, or no check of the notebook
/// points at what the verdict names.
bool disagrees(const NotebookScore& notebook, const HealthMetrics& metrics,
               const Diagnosis& diagnosis);

/// The notebook's diagnosis text, beginning with its blank line and ending with a line break. The notebook
/// says "Loss Computed Successfully" of any loss, and of none.
std::string interpret_gradient_health(const HealthMetrics& metrics);

/// The same with another line about the loss, without its line break.
std::string interpret_gradient_health(const HealthMetrics& metrics, std::string_view loss_line);

}  // namespace gradvitals
