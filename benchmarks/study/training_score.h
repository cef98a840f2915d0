// Scores of watched runs: which of their episodes name the fault, and which are wrong.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/study/network.h"
#include "benchmarks/study/watched_run.h"

namespace gradvitals::study {

/// What a root cause of severity warning or worse is to its run. An episode that another explains,
/// or that only informs, is not counted.
enum class Mark : std::uint8_t {
  kNotCounted,
  kRight,    ///< Raised from the fault on, and among the fault's names.
  kSymptom,  ///< The same, among its symptoms.
  kWrong,    ///< The same, among neither.
  kFalse,    ///< Raised before the fault, or in a healthy run.
};

Mark mark_of(const Raised& raised, const RunPlan& plan);

/// Limits are chosen on seeds 0-9 and scored on 10-19.
inline constexpr std::uint64_t kChosenSeeds = 10;
inline constexpr std::uint64_t kAllSeeds = 20;
Half half_of_seed(std::uint64_t seed);

struct TrainingScore {
  int runs = 0;  ///< Of faults.
  int healthy_runs = 0;
  std::vector<int> delays;  ///< Steps from the fault to its first name, where there was one.
  int right = 0, symptoms = 0, wrong = 0, false_alarms = 0;  ///< Episodes.
  int false_criticals = 0;                                   ///< Those of false_alarms.
  std::set<std::string> others;                              ///< "R14 unstable": what was wrong.

  void add(const WatchedRun& run);
  int named() const { return static_cast<int>(delays.size()); }
  double recall() const;     ///< Of runs with a fault; NaN where there is none.
  double precision() const;  ///< Right ones of all but symptoms; NaN where there is none.
  /// The same with symptoms among what is wrong.
  double strict_precision() const;
  /// Of the named ones; none where there is none. `share` 0.5 is the median.
  std::optional<int> delay(double share) const;
};

/// Of the runs of one half with that fault; null: the healthy ones.
TrainingScore score_training(std::span<const WatchedRun> runs, Half half,
                             const TrainingFault* fault);
/// Of all runs of one half.
TrainingScore score_training(std::span<const WatchedRun> runs, Half half);

}  // namespace gradvitals::study
