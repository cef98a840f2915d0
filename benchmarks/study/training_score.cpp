#include "benchmarks/study/training_score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gradvitals::study {
namespace {

double ratio(int part, int whole) {
  return whole > 0 ? static_cast<double>(part) / whole : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Mark mark_of(const Raised& raised, const RunPlan& plan) {
  const Finding& finding = raised.episode.finding;
  if (!raised.step || finding.consequence_of) return Mark::kNotCounted;
  if (!plan.fault || *raised.step < *plan.fault_step()) return Mark::kFalse;
  if (plan.fault->accepted.contain(finding)) return Mark::kRight;
  return plan.fault->symptoms.contain(finding) ? Mark::kSymptom : Mark::kWrong;
}

Half half_of_seed(std::uint64_t seed) {
  return seed < kChosenSeeds ? Half::kChoose : Half::kScore;
}

void TrainingScore::add(const WatchedRun& run) {
  ++(run.plan.fault != nullptr ? runs : healthy_runs);
  std::optional<int> delay;
  for (const Raised& raised : run.episodes) {
    const Finding& finding = raised.episode.finding;
    switch (mark_of(raised, run.plan)) {
      case Mark::kNotCounted:
        continue;
      case Mark::kRight: {
        ++right;
        const auto after = static_cast<int>(*raised.step - *run.plan.fault_step());
        delay = std::min(delay.value_or(after), after);
        continue;
      }
      case Mark::kSymptom:
        ++symptoms;
        continue;
      case Mark::kWrong:
        ++wrong;
        break;
      case Mark::kFalse:
        ++false_alarms;
        if (finding.severity == Severity::kCritical) ++false_criticals;
        break;
    }
    others.insert(
        fmt::format("{} {}", rule_number(finding.rule), gradvitals::name(finding.verdict)));
  }
  if (delay) delays.push_back(*delay);
}

double TrainingScore::recall() const {
  return ratio(named(), runs);
}
double TrainingScore::precision() const {
  return ratio(right, right + wrong + false_alarms);
}
double TrainingScore::strict_precision() const {
  return ratio(right, right + symptoms + wrong + false_alarms);
}

std::optional<int> TrainingScore::delay(double share) const {
  if (delays.empty()) return std::nullopt;
  std::vector<int> sorted = delays;
  std::ranges::sort(sorted);
  const double place = std::ceil(share * static_cast<double>(sorted.size())) - 1.0;
  return sorted[static_cast<std::size_t>(std::max(place, 0.0))];
}

TrainingScore score_training(std::span<const WatchedRun> runs, Half half,
                             const TrainingFault* fault) {
  TrainingScore score;
  for (const WatchedRun& run : runs) {
    if (run.plan.fault == fault && half_of_seed(run.plan.seed) == half) score.add(run);
  }
  return score;
}

TrainingScore score_training(std::span<const WatchedRun> runs, Half half) {
  TrainingScore score;
  for (const WatchedRun& run : runs) {
    if (half_of_seed(run.plan.seed) == half) score.add(run);
  }
  return score;
}

}  // namespace gradvitals::study
