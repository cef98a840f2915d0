// The full record of every tensor of a table against a loop that only reads them, in one run: the
// statistics are done when the two are the same. One name per case:
//   <what>/<shapes>/<zeros in %>/<threads>
// Records are checked against sums in long double before anything is timed. Compare within one run,
// with --benchmark_enable_random_interleaving=true --benchmark_repetitions=30
// --benchmark_report_aggregates_only=true.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kernels/stream.h"
#include "kernels/tensor_stats.h"

namespace gradvitals {
namespace {

/// Float32 tensors one behind the other in one block of memory.
struct Tensors {
  std::vector<float> values;
  std::vector<TensorView> views;

  std::int64_t bytes() const { return std::ssize(values) * std::int64_t{sizeof(float)}; }
};

/// The seed's networks: four hidden layers of 64 units, ten inputs, one output; kernels and biases.
const std::vector<std::int64_t> kSeedNetwork = {640, 64, 4096, 64, 4096, 64, 4096, 64, 64, 1};

std::vector<std::int64_t> shapes_of(const std::string& name) {
  if (name == "seed_network") return kSeedNetwork;
  if (name == "5000x1000") return std::vector<std::int64_t>(5000, 1000);
  return {std::int64_t{1} << 26};  // "1x64M"
}

Tensors make_tensors(const std::vector<std::int64_t>& counts, int zero_percent) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> pattern(1 << 16);
  for (float& value : pattern) {
    value = random() % 100 < static_cast<unsigned>(zero_percent) ? 0.0f : normal(random);
  }
  Tensors tensors;
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  tensors.values.resize(static_cast<std::size_t>(total));
  for (std::size_t i = 0; i < tensors.values.size(); ++i) {
    tensors.values[i] = pattern[i % pattern.size()];
  }
  const float* data = tensors.values.data();
  for (const std::int64_t count : counts) {
    tensors.views.push_back(
        {.name = "tensor", .data = data, .count = count, .rows = 1, .cols = count});
    data += count;
  }
  return tensors;
}

bool agrees(const TensorView& view, const TensorStats& record) {
  const auto* values = static_cast<const float*>(view.data);
  long double sum_squares = 0;
  for (std::int64_t i = 0; i < view.count; ++i) {
    sum_squares += static_cast<long double>(values[i]) * values[i];
  }
  const auto expected = static_cast<double>(sum_squares);
  return record.count == view.count && std::fabs(record.sum_squares - expected) <= 1e-12 * expected;
}

void report(benchmark::State& state, const Tensors& tensors) {
  state.SetBytesProcessed(state.iterations() * tensors.bytes());
}

void run_record(benchmark::State& state, const Tensors& tensors, int threads) {
  Stream stream({.device = DeviceType::kCpu, .threads = threads});
  const TensorStatsTable table(stream, tensors.views);
  Buffer workspace(stream, table.workspace_bytes());
  std::vector<TensorStats> records(static_cast<std::size_t>(table.record_count()));
  const VectorView<TensorStats> out{records.data(), std::ssize(records)};
  tensor_stats(stream, table, out, workspace);
  for (std::size_t i = 0; i < tensors.views.size(); ++i) {
    if (!agrees(tensors.views[i], records[i])) {
      state.SkipWithError(fmt::format("tensor {} has a wrong record", i).c_str());
      return;
    }
  }
  for (auto _ : state) {
    tensor_stats(stream, table, out, workspace);
    benchmark::DoNotOptimize(records.data());
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
  return made.emplace(key, make_tensors(shapes_of(shapes), zero_percent)).first->second;
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
  return true;
}

const bool registered = register_all();

}  // namespace
}  // namespace gradvitals
