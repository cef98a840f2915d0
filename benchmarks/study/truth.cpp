#include "benchmarks/study/truth.h"

#include <algorithm>

namespace gradvitals::study {

std::string_view name(Truth truth) {
  switch (truth) {
    case Truth::kTrains:
      return "trains";
    case Truth::kFails:
      return "fails";
    case Truth::kBetween:
      return "between";
  }
  return "unknown";
}

std::vector<double> best_scores(const std::vector<Trial>& trials, std::size_t task_count) {
  std::vector<double> best(task_count, 0.0);
  for (const Trial& trial : trials) {
    for (const Run& run : trial.runs) {
      best[trial.spec.task] = std::max(best[trial.spec.task], run.score);
    }
  }
  return best;
}

Truth truth_of(const Trial& trial, double best_score) {
  const auto [worse, better] = std::minmax({trial.score_of(kAdam), trial.best_sgd_score()});
  // A task that no network learns cannot tell networks apart.
  if (best_score > 0.0 && worse >= kTrainsShare * best_score) return Truth::kTrains;
  return better < kFailsShare * best_score ? Truth::kFails : Truth::kBetween;
}

}  // namespace gradvitals::study
