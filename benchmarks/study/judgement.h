// Judgements: what the rules say of the trials, counted against what became of the networks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/study/truth.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::study {

/// A network at the start, judged.
struct Judged {
  const Trial* trial = nullptr;
  const Task* task = nullptr;
  Truth truth = Truth::kBetween;
  Half half = Half::kChoose;
  Diagnosis diagnosis;
  bool notebook_is_sick = false;  ///< The notebook's score is below EXCELLENT.

  bool is_sick() const { return diagnosis.severity >= Severity::kWarning; }
};

std::vector<Judged> judge(const std::vector<Trial>& trials, const std::vector<Task>& tasks);

/// Counts of networks that train and that fail, and of those called sick.
struct Score {
  int trains = 0, false_alarms = 0;
  int fails = 0, found = 0;

  void add(Truth truth, bool is_sick);
  /// NaN where nothing was counted.
  double recall() const;
  double precision() const;
  double quiet() const;  ///< Share of the networks that train without a warning.
};

Score score_of(const std::vector<Judged>& judged, Half half, bool by_notebook = false);

/// Snapshots on the way of runs that reached what counts as trained.
struct SnapshotScore {
  int step = 0;
  int count = 0;
  int healthy = 0;
};

std::vector<SnapshotScore> score_snapshots(const std::vector<Judged>& judged,
                                           const std::vector<double>& best_scores);

}  // namespace gradvitals::study
