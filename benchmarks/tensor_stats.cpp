// The full record of every tensor of a table against a loop that only reads them, in one run: the
// statistics are done when the two are the same. One name per case on cpu:
//   <what>/<shapes>/<zeros in %>/<threads>
// Records are checked against sums in long double before anything is timed. Compare within one run,
// with --benchmark_enable_random_interleaving=true --benchmark_repetitions=30
// --benchmark_report_aggregates_only=true. The cuda cases: tensor_stats_cuda.cpp.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "benchmarks/cuda_cases.h"
#include "benchmarks/stats_run.h"
#include "benchmarks/tensor_cases.h"

namespace gradvitals {
namespace {

struct Tensors {
  std::vector<std::int64_t> counts;
  std::vector<float> values;
  std::vector<TensorView> views;

  std::int64_t bytes() const { return std::ssize(values) * std::int64_t{sizeof(float)}; }
};

Tensors make_tensors(const std::string& shapes, int zero_percent) {
  Tensors tensors;
  tensors.counts = counts_of(shapes);
  const std::int64_t total =
      std::accumulate(tensors.counts.begin(), tensors.counts.end(), std::int64_t{0});
  tensors.values = make_values(total, zero_percent, DType::kFloat32);
  tensors.views =
      views_of(tensors.counts, tensors.values.data(), DType::kFloat32, DeviceType::kCpu);
  return tensors;
}

void report(benchmark::State& state, const Tensors& tensors) {
  state.SetBytesProcessed(state.iterations() * tensors.bytes());
}

void run_record(benchmark::State& state, const Tensors& tensors, int threads) {
  Stream stream({.device = DeviceType::kCpu, .threads = threads});
  StatsRun stats(stream, tensors.views);
  stats.run();
  if (!agree(stats.sums_of_squares(), sums_of_squares(tensors.counts, tensors.values), 1e-12)) {
    return state.SkipWithError("a record is wrong");
  }
  for (auto _ : state) {
    stats.run();
    benchmark::ClobberMemory();
  }
  report(state, tensors);
}

/// Every word of the tensors, combined in 128 bytes of independent sums so that none waits.
[[gnu::noinline]] std::uint64_t read(const std::uint64_t* words, std::int64_t count) {
  constexpr std::int64_t kSums = 16;
  std::uint64_t sums[kSums] = {};
  for (std::int64_t i = 0; i + kSums <= count; i += kSums) {
    for (std::int64_t k = 0; k < kSums; ++k) sums[k] ^= words[i + k];
  }
  std::uint64_t all = 0;
  for (const std::uint64_t sum : sums) all ^= sum;
  return all;
}

void run_read(benchmark::State& state, const Tensors& tensors) {
  std::vector<std::uint64_t> words(static_cast<std::size_t>(tensors.bytes()) / 8);
  std::memcpy(words.data(), tensors.values.data(), words.size() * 8);
  for (auto _ : state) benchmark::DoNotOptimize(read(words.data(), std::ssize(words)));
  report(state, tensors);
}

const Tensors& cached_tensors(const std::string& shapes, int zero_percent) {
  static std::map<std::string, Tensors> made;
  const std::string key = fmt::format("{}/{}", shapes, zero_percent);
  const auto found = made.find(key);
  if (found != made.end()) return found->second;
  return made.emplace(key, make_tensors(shapes, zero_percent)).first->second;
}

bool register_all() {
  for (const std::string shapes : {"seed_network", "5000x1000", "1x64M"}) {
    for (const int zeros : {0, 1, 50}) {
      for (const int threads : {1, 2}) {
        benchmark::RegisterBenchmark(fmt::format("record/{}/{}/{}", shapes, zeros, threads).c_str(),
                                     [=](benchmark::State& state) {
                                       run_record(state, cached_tensors(shapes, zeros), threads);
                                     })
            ->UseRealTime();
      }
    }
    benchmark::RegisterBenchmark(
        fmt::format("read/{}/0/1", shapes).c_str(),
        [=](benchmark::State& state) { run_read(state, cached_tensors(shapes, 0)); })
        ->UseRealTime();
  }
  if (has_cuda("tensor_stats")) register_cuda_cases();
  return true;
}

const bool registered = register_all();

}  // namespace
}  // namespace gradvitals
