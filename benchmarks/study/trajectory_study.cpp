// How soon and how rightly are faults named that begin while a network trains? Trains small networks
// under a HealthTracker, healthy ones and with a fault from a known step on.
//
//     bin/trajectory_study --rows rows.jsonl
//     bin/trajectory_study --kinds "NaN in a batch,uphill" --half chosen
//     bin/trajectory_study --trace "uphill" digits-tanh 3
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "benchmarks/study/collect.h"
#include "benchmarks/study/report.h"
#include "benchmarks/study/training_report.h"
#include "benchmarks/study/training_signals.h"

namespace gradvitals::study {
namespace {

constexpr std::string_view kControl = "control";

struct TrajectoryOptions {
  int workers = 2;
  std::uint64_t healthy_seeds = 300;
  std::string half = "both";
  std::vector<std::string> kinds;
  std::vector<std::uint64_t> seeds;
  std::vector<std::string> trace;
  std::string rows;
  std::string signals;
  std::string document;
  std::string scikit_learn_data = "/usr/lib/python3/dist-packages/sklearn/datasets/data";
};

/// Null for "control".
const TrainingFault* fault_or_control(std::string_view name) {
  return name == kControl ? nullptr : &training_fault(name);
}

std::vector<const TrainingFault*> chosen_kinds(const TrajectoryOptions& options) {
  std::vector<const TrainingFault*> kinds;
  for (const std::string& name : options.kinds) kinds.push_back(fault_or_control(name));
  if (!kinds.empty()) return kinds;
  kinds.push_back(nullptr);
  for (const TrainingFault& fault : training_faults()) kinds.push_back(&fault);
  return kinds;
}

std::vector<std::uint64_t> chosen_seeds(const TrajectoryOptions& options) {
  if (!options.seeds.empty()) return options.seeds;
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < kAllSeeds; ++seed) {
    const bool is_chosen = half_of_seed(seed) == Half::kChoose;
    if (options.half == "both" || is_chosen == (options.half == "chosen")) seeds.push_back(seed);
  }
  return seeds;
}

std::vector<RunPlan> plan_runs(const TrajectoryOptions& options) {
  std::vector<RunPlan> plans;
  for (const TrainingFault* fault : chosen_kinds(options)) {
    for (const WatchedNetwork& network : watched_networks()) {
      if (fault != nullptr && !fault->applies_to(network)) continue;
      for (const std::uint64_t seed : chosen_seeds(options)) {
        plans.push_back(plan_of(network, fault, seed));
      }
    }
  }
  return plans;
}

/// Every seed trains one of the networks, in turn. Seeds go on where those of the faults end.
std::vector<RunPlan> plan_healthy(const TrajectoryOptions& options) {
  std::vector<RunPlan> plans;
  const std::vector<WatchedNetwork>& networks = watched_networks();
  for (std::uint64_t i = 0; i < options.healthy_seeds; ++i) {
    plans.push_back(
        {.network = &networks[i % networks.size()], .seed = kAllSeeds + i, .steps = kHealthySteps});
  }
  return plans;
}

/// A line a run in the order of the plans.
void write_lines(const std::string& path, const std::vector<std::string>& lines) {
  std::ofstream file(path);
  for (const std::string& line : lines) file << line << '\n';
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path);
}

std::vector<WatchedRun> watch_all(std::string_view what, const std::vector<RunPlan>& plans,
                                  const std::vector<Task>& tasks, int workers,
                                  std::vector<std::string>* signals = nullptr) {
  std::vector<WatchedRun> runs(plans.size());
  if (signals != nullptr) signals->resize(plans.size());
  run_jobs(what, plans.size(), workers, [&](Stream& stream, std::size_t i) {
    SignalRecorder recorder;
    runs[i] = watch_run(stream, plans[i], tasks,
                        signals != nullptr ? recorder.observer() : StepObserver());
    if (signals != nullptr) (*signals)[i] = recorder.row(runs[i]).dump();
  });
  return runs;
}

void trace(const TrajectoryOptions& options, const std::vector<Task>& tasks) {
  const RunPlan plan = plan_of(watched_network(options.trace[1]),
                               fault_or_control(options.trace[0]), std::stoull(options.trace[2]));
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const WatchedRun run = watch_run(stream, plan, tasks,
                                   [&](const HealthMetrics& metrics, const StepContext& context,
                                       std::span<const HealthEvent> events) {
                                     if (plan.fault && metrics.step == plan.fault_step())
                                       fmt::print("---- {}\n", fault_name(plan));
                                     fmt::print("{}", trace_text(metrics, context, events));
                                   });
  fmt::print("score {:.3f}\n", run.score);
}

void study_training(const TrajectoryOptions& options) {
  if (!options.document.empty()) require_every_task(options.scikit_learn_data);
  const std::vector<Task> tasks = make_tasks(options.scikit_learn_data);
  if (!options.trace.empty()) return trace(options, tasks);
  std::vector<std::string> signals;
  const std::vector<WatchedRun> runs =
      watch_all("watched run", plan_runs(options), tasks, options.workers,
                options.signals.empty() ? nullptr : &signals);
  if (!options.signals.empty()) write_lines(options.signals, signals);
  const std::vector<WatchedRun> healthy =
      watch_all("healthy run", plan_healthy(options), tasks, options.workers);
  if (!options.rows.empty()) {
    std::vector<std::string> lines;
    for (const auto* some : {&runs, &healthy}) {
      for (const WatchedRun& run : *some) lines.push_back(training_row(run).dump());
    }
    write_lines(options.rows, lines);
  }
  const std::string tables = training_report(runs, healthy);
  fmt::print("{}", tables);
  if (!options.document.empty()) write_document(options.document, tables);
}

void add_options(CLI::App& program, TrajectoryOptions& options) {
  program.add_option("--workers", options.workers, "Threads, a run each")
      ->check(CLI::PositiveNumber);
  program.add_option("--healthy-seeds", options.healthy_seeds,
                     "Healthy runs of 200 steps that are only counted");
  auto* const half = program.add_option("--half", options.half, "chosen, scored or both")
                         ->check(CLI::IsMember({"chosen", "scored", "both"}));
  auto* const kinds =
      program.add_option("--kinds", options.kinds, "Only these faults; control for healthy runs")
          ->delimiter(',');
  auto* const seeds =
      program.add_option("--seeds", options.seeds, "Only these seeds")->delimiter(',');
  program.add_option("--trace", options.trace, "KIND NETWORK SEED: print the steps of one run")
      ->expected(3);
  program.add_option("--rows", options.rows,
                     "Write every run's episodes to this file, a line a run");
  program.add_option("--signals", options.signals,
                     "Write every run's loss, norms and update ratios to this file");
  program
      .add_option("--document", options.document,
                  "Write the tables between the markers of this file")
      ->excludes(half)
      ->excludes(kinds)
      ->excludes(seeds);
  program.add_option("--scikit-learn", options.scikit_learn_data,
                     "Folder of scikit-learn's digits");
}

}  // namespace
}  // namespace gradvitals::study

int main(int argc, char** argv) {
  gradvitals::study::TrajectoryOptions options;
  CLI::App program("How soon and how rightly faults are named that begin while a network trains");
  gradvitals::study::add_options(program, options);
  try {
    program.parse(argc, argv);
    gradvitals::study::study_training(options);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "trajectory_study: {}\n", error.what());
    return 2;
  }
  return 0;
}
