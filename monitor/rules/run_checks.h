// The checks of a run: what several steps show that one alone cannot. Limits: thresholds.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {

/// How far a step can be compared with others.
enum class StepKind : std::uint8_t {
  kEmpty,     ///< Nothing in it can be judged.
  kFinite,    ///< Everything in it is finite.
  kOverflow,  ///< Infinite gradients and nothing else at fault: what a loss scaler skips.
  kBroken,    ///< NaN, or infinities elsewhere than in gradients.
};

/// Everything a check may look at, computed once for all of them.
struct RunEvidence {
  std::span<const RunStep> steps;
  const Thresholds& thresholds;
  std::vector<StepKind> kinds;      ///< Parallel to `steps`.
  std::vector<std::size_t> finite;  ///< The places of the steps that are kFinite.
};

/// Pure, and each gives its findings with `rule` set.
std::vector<RunFinding> check_run_non_finite(const RunEvidence& run);
std::vector<RunFinding> check_run_absences(const RunEvidence& run);
/// Nothing where less than two steps are finite: that is left to the rules of one step.
std::vector<RunFinding> check_run_zeros(const RunEvidence& run);
std::vector<RunFinding> check_run_growth(const RunEvidence& run);

/// The names of a step's gradients.
std::vector<std::string> gradient_names_of(const HealthMetrics& metrics);

/// A finding that first holds at steps[place].
RunFinding finding_at(const RunEvidence& run, std::size_t place, std::int64_t count,
                      Finding finding);

}  // namespace gradvitals
