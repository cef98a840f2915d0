// How work on device cuda is timed: by CUDA events, with the L2 cache flushed or not.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/baselines/gpu_timer.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

enum class Cache : std::uint8_t { kCold, kWarm };

inline const char* name(Cache cache) {
  return cache == Cache::kCold ? "cold" : "warm";
}

/// Seconds that a call of `issue` takes, over `calls` of them: what events cannot resolve in one
/// they do in all.
template <class Issue>
double seconds_per_call(baselines::GpuTimer& timer, int calls, Issue issue) {
  timer.start();
  for (int call = 0; call < calls; ++call) issue();
  return timer.seconds() / calls;
}

/// Times what `issue` issues to the stream. Cold: one call a sample, behind a write of twice the L2
/// cache, which also hides how long the host takes to issue one launch. Warm: as many as events
/// resolve well.
template <class Issue>
void time_on_gpu(benchmark::State& state, Stream& stream, Cache cache, Issue issue) {
  constexpr double kWarmSeconds = 200e-6;
  constexpr double kMostWarmCalls = 20;
  baselines::GpuTimer timer(stream);
  const Buffer flush(stream, cache == Cache::kCold ? 2 * baselines::l2_cache_bytes() : 0);
  issue();  // The first launch of a graph also uploads it.
  const double once = seconds_per_call(timer, 1, issue);
  const int calls = cache == Cache::kCold
                        ? 1
                        : static_cast<int>(std::clamp(kWarmSeconds / once, 1.0, kMostWarmCalls));
  for (auto _ : state) {
    if (cache == Cache::kCold) fill_zero(stream, flush.data(), flush.bytes());
    state.SetIterationTime(seconds_per_call(timer, calls, issue));
  }
}

/// The value that `percent` of a benchmark's repetitions do not exceed.
template <int percent>
double percentile(const std::vector<double>& repetitions) {
  std::vector<double> sorted = repetitions;
  std::sort(sorted.begin(), sorted.end());
  const double last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(last * percent / 100))];
}

/// Registers a case that sets the time of an iteration itself. A repetition is the mean of a few
/// samples.
template <class Case>
void register_on_gpu(const std::string& name, Case run) {
  constexpr int kSamples = 3;
  benchmark::RegisterBenchmark(name.c_str(), run)
      ->UseManualTime()
      ->Iterations(kSamples)
      ->Unit(benchmark::kMicrosecond)
      ->ComputeStatistics("p10", percentile<10>)
      ->ComputeStatistics("p90", percentile<90>);
}

}  // namespace gradvitals
