// Forward and backward of whole networks, with and without what the monitor reads.
//
//     bin/benchmarks/training_step --benchmark_enable_random_interleaving=true
//         --benchmark_repetitions=31 --benchmark_report_aggregates_only=true
//
// cpu/<network>/threads:<of the device>/keep_z:<0 or 1, for the monitor>: the tape is reset between
// steps, as in a training loop; "fresh" makes a new one per step, as in the three lines of the
// README.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "benchmarks/cuda_cases.h"
#include "benchmarks/step_cases.h"
#include "framework/step_graph.h"
#include "framework/tape.h"
#include "kernels/ops/gemm.h"

namespace gradvitals {
namespace {

template <Step (*make)(Stream&)>
void reused_tape(benchmark::State& state, Stream stream, bool keep_z) {
  const Step step = make(stream);
  Tape tape(stream, {.keep_pre_activations = keep_z});
  check(run_step(tape, step));
  for (auto _ : state) {
    tape.reset();
    benchmark::DoNotOptimize(run_step(tape, step));
    stream.synchronize();
  }
}

Stream cpu_with(std::int64_t threads) {
  return Stream({.device = DeviceType::kCpu, .threads = static_cast<int>(threads)});
}

Stream cuda_with(GemmProvider gemm) {
  Stream stream({.device = DeviceType::kCuda});
  set_gemm_provider(stream, gemm);
  return stream;
}

template <Step (*make)(Stream&)>
void reused_tape_on_cpu(benchmark::State& state) {
  reused_tape<make>(state, cpu_with(state.range(0)), state.range(1) != 0);
}

template <Step (*make)(Stream&)>
void fresh_tape_on_cpu(benchmark::State& state) {
  Stream stream = cpu_with(state.range(0));
  const Step step = make(stream);
  for (auto _ : state) {
    Tape tape(stream, {.keep_pre_activations = state.range(1) != 0});
    benchmark::DoNotOptimize(run_step(tape, step));
    stream.synchronize();
  }
}

void on_one_thread(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"threads", "keep_z"})->ArgsProduct({{1}, {0, 1}});
  benchmark->Unit(benchmark::kMicrosecond)->UseRealTime();
}

void on_one_and_two_threads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"threads", "keep_z"})->ArgsProduct({{1, 2}, {0, 1}});
  benchmark->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK(reused_tape_on_cpu<sigmoid_step>)->Name("cpu/sigmoid_network")->Apply(on_one_thread);
BENCHMARK(reused_tape_on_cpu<relu_step>)->Name("cpu/relu_network")->Apply(on_one_thread);
BENCHMARK(fresh_tape_on_cpu<relu_step>)->Name("cpu/relu_network_fresh")->Apply(on_one_thread);
BENCHMARK(reused_tape_on_cpu<wide_step>)->Name("cpu/relu_1024x8")->Apply(on_one_and_two_threads);

/// The whole step is one CUDA graph.
template <Step (*make)(Stream&)>
void replayed_graph(benchmark::State& state, Stream stream, bool keep_z) {
  const Step step = make(stream);
  Tape tape(stream, {.keep_pre_activations = keep_z});
  check(run_step(tape, step));
  StepGraph graph(stream, [&] {
    tape.reset();
    benchmark::DoNotOptimize(run_step(tape, step));
  });
  while (!graph.is_captured()) graph.run();
  graph.run();  // The first launch also uploads it.
  stream.synchronize();
  for (auto _ : state) {
    graph.run();
    stream.synchronize();
  }
}

/// cuda/<network>/<who multiplies>[_graph]/keep_z:<0 or 1>: a step is over when the host knows that
/// it is.
template <Step (*make)(Stream&)>
void register_on_cuda(const std::string& network, GemmProvider gemm) {
  const char* const provider = gemm == GemmProvider::kCublas ? "cublas" : "hand-written";
  const auto register_steps = [&](const char* suffix, auto run) {
    benchmark::RegisterBenchmark(
        fmt::format("cuda/{}/{}{}", network, provider, suffix).c_str(),
        [=](benchmark::State& state) { run(state, cuda_with(gemm), state.range(0) != 0); })
        ->ArgNames({"keep_z"})
        ->ArgsProduct({{0, 1}})
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
  };
  register_steps("", reused_tape<make>);
  register_steps("_graph", replayed_graph<make>);
}

void register_networks_on_cuda(GemmProvider gemm) {
  register_on_cuda<sigmoid_step>("sigmoid_network", gemm);
  register_on_cuda<relu_step>("relu_network", gemm);
  register_on_cuda<wide_step>("relu_1024x8", gemm);
}

const bool kRegistered = [] {
  if (!has_cuda("training_step")) return false;
  register_networks_on_cuda(GemmProvider::kHandWritten);
  if (has_cublas("training_step")) register_networks_on_cuda(GemmProvider::kCublas);
  return true;
}();

}  // namespace
}  // namespace gradvitals
