#include "benchmarks/study/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <thread>

namespace gradvitals::study {
namespace {

constexpr std::size_t kSaidEvery = 25;

constexpr int kLongSteps = 1000;
constexpr int kLongestSteps = 10000;
constexpr std::int64_t kLongestWidth = 64;
constexpr int kLongestDepth = 6;

struct LongRun {
  std::size_t trial;
  Training training;
  int steps;
};

std::vector<LongRun> plan_long_runs(const std::vector<Trial>& trials, std::size_t task_count) {
  const std::vector<double> best = best_scores(trials, task_count);
  std::vector<LongRun> plan;
  std::size_t small_count = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const Trial& trial = trials[i];
    if (truth_of(trial, best[trial.spec.task]) != Truth::kTrains) continue;
    const bool is_small = trial.spec.width <= kLongestWidth && trial.spec.depth <= kLongestDepth;
    const bool goes_on = is_small && small_count++ % 8 == 0;
    plan.push_back({i, kAdam, goes_on ? kLongestSteps : kLongSteps});
    if (count++ % 4 != 0) continue;
    const bool large_is_better = trial.score_of(kSgdLarge) >= trial.score_of(kSgd);
    plan.push_back({i, large_is_better ? kSgdLarge : kSgd, goes_on ? kLongestSteps : kLongSteps});
  }
  return plan;
}

}  // namespace

void run_jobs(std::string_view what, std::size_t count, int workers,
              const std::function<void(Stream&, std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  std::size_t done = 0;
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    try {
      Stream stream({.device = DeviceType::kCpu, .threads = 1});
      for (std::size_t i = next++; i < count; i = next++) {
        job(stream, i);
        const std::lock_guard lock(mutex);
        if (++done % kSaidEvery == 0 || done == count) {
          fmt::print(stderr, "study: {} {} of {}\n", what, done, count);
        }
      }
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < workers; ++i) threads.emplace_back(work);
  threads.clear();
  if (failure) std::rethrow_exception(failure);
}

std::vector<Trial> collect(const std::vector<NetworkSpec>& specs, const std::vector<Task>& tasks,
                           int workers) {
  std::vector<Trial> trials(specs.size());
  run_jobs("network", specs.size(), workers, [&](Stream& stream, std::size_t i) {
    trials[i] = run_trial(stream, specs[i], tasks[specs[i].task]);
  });
  return trials;
}

void add_long_runs(std::vector<Trial>& trials, const std::vector<Task>& tasks, int workers) {
  const std::vector<LongRun> plan = plan_long_runs(trials, tasks.size());
  std::vector<Run> runs(plan.size());
  constexpr int kSnapshotSteps[] = {kLongSteps, kLongestSteps};
  run_jobs("long run", plan.size(), workers, [&](Stream& stream, std::size_t i) {
    const NetworkSpec& spec = trials[plan[i].trial].spec;
    runs[i] =
        train(stream, spec, tasks[spec.task], plan[i].training, plan[i].steps, kSnapshotSteps);
  });
  // Beside the short run of the same training: its score is no part of the truth.
  for (std::size_t i = 0; i < plan.size(); ++i) {
    std::vector<Run>& known = trials[plan[i].trial].runs;
    const auto same = std::ranges::find(known, plan[i].training, &Run::training);
    std::ranges::move(runs[i].snapshots, std::back_inserter(same->snapshots));
  }
}

}  // namespace gradvitals::study
