// How right are the verdicts? Trains networks on small tasks and compares what became of them with
// what the monitor says at the start and on the way.
//
//     bin/verdict_study --networks 400 --rows rows.jsonl
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "benchmarks/study/collect.h"
#include "benchmarks/study/report.h"
#include "benchmarks/study/rows.h"

namespace gradvitals::study {
namespace {

struct Options {
  std::int64_t networks = 800;
  std::uint64_t seed = 1;
  int workers = 2;
  std::uint64_t default_seeds = 100;
  std::string rows;
  std::string document;
  std::string scikit_learn_data = "/usr/lib/python3/dist-packages/sklearn/datasets/data";
};

void write_rows(const std::string& path, const std::vector<Trial>& trials,
                const std::vector<Task>& tasks) {
  const std::vector<double> best = best_scores(trials, tasks.size());
  std::ofstream file(path);
  for (const Trial& trial : trials) {
    const std::size_t task = trial.spec.task;
    file << row(trial, tasks[task], best[task]).dump() << '\n';
  }
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path);
}

void run(const Options& options) {
  // Before minutes of training, not after them.
  if (!options.document.empty()) require_every_task(options.scikit_learn_data);
  const std::vector<Task> tasks = make_tasks(options.scikit_learn_data);
  const auto specs = draw_networks(options.seed, options.networks, tasks);
  std::vector<Trial> trials = collect(specs, tasks, options.workers);
  add_long_runs(trials, tasks, options.workers);
  if (!options.rows.empty()) write_rows(options.rows, trials, tasks);
  Findings findings;
  findings.judged = judge(trials, tasks);
  findings.snapshots = score_snapshots(findings.judged, best_scores(trials, tasks.size()));
  findings.faults = score_faults(tasks, options.workers);
  findings.defaults = score_linear_default(options.default_seeds, options.workers);
  const std::string tables = report(findings);
  fmt::print("{}", tables);
  if (!options.document.empty()) write_document(options.document, tables);
}

}  // namespace
}  // namespace gradvitals::study

int main(int argc, char** argv) {
  gradvitals::study::Options options;
  CLI::App program("How right the verdicts are on networks that they were not tuned on");
  program.add_option("--networks", options.networks, "Networks to train")
      ->check(CLI::PositiveNumber);
  program.add_option("--seed", options.seed, "What networks are drawn by");
  program.add_option("--workers", options.workers, "Threads, a network each")
      ->check(CLI::PositiveNumber);
  program
      .add_option("--default-seeds", options.default_seeds,
                  "Seeds of PyTorch's default initialisation")
      ->check(CLI::PositiveNumber);
  program.add_option("--document", options.document,
                     "Write the tables between the markers of this file");
  program.add_option("--rows", options.rows,
                     "Write the raw numbers to this file, a line a network");
  program.add_option("--scikit-learn", options.scikit_learn_data,
                     "Folder of scikit-learn's digits and diabetes");
  try {
    program.parse(argc, argv);
    gradvitals::study::run(options);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "verdict_study: {}\n", error.what());
    return 2;
  }
  return 0;
}
