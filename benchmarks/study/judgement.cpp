#include "benchmarks/study/judgement.h"

#include <limits>
#include <map>

#include "monitor/rules/notebook_interpreter.h"

namespace gradvitals::study {
namespace {

double share(int part, int whole) {
  return whole > 0 ? static_cast<double>(part) / whole : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::vector<Judged> judge(const std::vector<Trial>& trials, const std::vector<Task>& tasks) {
  const std::vector<double> best = best_scores(trials, tasks.size());
  std::vector<Judged> judged;
  for (const Trial& trial : trials) {
    const Task& task = tasks[trial.spec.task];
    judged.push_back(
        {.trial = &trial,
         .task = &task,
         .truth = truth_of(trial, best[trial.spec.task]),
         .half = half_of(trial.spec, task),
         .diagnosis = diagnose(trial.at_start),
         .notebook_is_sick = notebook_score(trial.at_start).score < kNotebookExcellent});
  }
  return judged;
}

void Score::add(Truth truth, bool is_sick) {
  if (truth == Truth::kTrains) {
    ++trains;
    if (is_sick) ++false_alarms;
  } else if (truth == Truth::kFails) {
    ++fails;
    if (is_sick) ++found;
  }
}

double Score::recall() const {
  return share(found, fails);
}
double Score::precision() const {
  return share(found, found + false_alarms);
}
double Score::quiet() const {
  return share(trains - false_alarms, trains);
}

Score score_of(const std::vector<Judged>& judged, Half half, bool by_notebook) {
  Score score;
  for (const Judged& one : judged) {
    if (one.half != half) continue;
    score.add(one.truth, by_notebook ? one.notebook_is_sick : one.is_sick());
  }
  return score;
}

std::vector<SnapshotScore> score_snapshots(const std::vector<Judged>& judged,
                                           const std::vector<double>& best_scores) {
  std::map<int, SnapshotScore> by_step;
  for (const Judged& one : judged) {
    if (one.half != Half::kScore || one.truth != Truth::kTrains) continue;
    for (const Run& run : one.trial->runs) {
      if (run.score < kTrainsShare * best_scores[one.trial->spec.task]) continue;
      for (const Snapshot& snapshot : run.snapshots) {
        SnapshotScore& score = by_step[snapshot.step];
        score.step = snapshot.step;
        ++score.count;
        if (diagnose(snapshot.metrics).verdict == Verdict::kHealthy) ++score.healthy;
      }
    }
  }
  std::vector<SnapshotScore> scores;
  for (const auto& [step, score] : by_step) scores.push_back(score);
  return scores;
}

}  // namespace gradvitals::study
