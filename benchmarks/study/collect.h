// The collector: many trials on several threads, and long runs of the networks that train.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "benchmarks/study/truth.h"

namespace gradvitals::study {

/// Runs job(stream, i) for every i < count on `workers` threads, each network on one thread; says
/// how far it is on stderr. The first exception of a job ends it.
void run_jobs(std::string_view what, std::size_t count, int workers,
              const std::function<void(Stream&, std::size_t)>& job);

std::vector<Trial> collect(const std::vector<NetworkSpec>& specs, const std::vector<Task>& tasks,
                           int workers);

/// Adds to the trials that train a run of 1000 steps with Adam, and with the better SGD to every
/// fourth; of those of at most 64 x 6 every eighth goes on to 10,000 steps.
void add_long_runs(std::vector<Trial>& trials, const std::vector<Task>& tasks, int workers);

}  // namespace gradvitals::study
