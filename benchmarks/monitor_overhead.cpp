// What it costs to watch a training step, forward and backward, at every step. One name per case:
//   <device>/<what>/<network>[/<threads, on cpu>]
// gradients, layers (weights, pre-activations, deltas and the loss as well) and everything
// (outputs, too), alone and with the rules (gradients_rules, ...): unwatched and watched steps take
// turns, the first of a turn changing from one to the next, and counters say what the difference
// is. statistics_...: what the monitor does in a step, alone; kernel_...: the statistics themselves; rules:
// their evaluation. <network>_graph, on cuda: both
// steps are CUDA graphs, the statistics part of the watched one.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/cuda_cases.h"
#include "benchmarks/step_cases.h"
#include "framework/step_graph.h"
#include "monitor/gradient_monitor.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {
namespace {

enum class Watched : std::uint8_t { kGradients, kLayers, kEverything };

std::string_view name(Watched watched) {
  switch (watched) {
    case Watched::kGradients:
      return "gradients";
    case Watched::kLayers:
      return "layers";
    case Watched::kEverything:
      return "everything";
  }
  return "unknown";
}

/// A network with a tape, of which `watched` is kept.
class WatchedStep {
 public:
  WatchedStep(Stream& stream, const Step& step, Watched watched)
      : stream_(stream),
        step_(step),
        watched_(watched),
        weights_(step.model.views()),
        tape_(stream, {.keep_pre_activations = watched != Watched::kGradients}),
        monitor_(stream) {
    check(run_step(tape_, step_));
  }

  void run_once() {
    tape_.reset();
    benchmark::DoNotOptimize(run_step(tape_, step_));
  }

  void observe() { monitor_.observe(views()); }

  /// Sends what was observed last, and takes the earliest metrics that have arrived.
  std::optional<HealthMetrics> exchange() {
    monitor_.submit(0);
    return monitor_.poll();
  }

  HealthMetrics metrics() {
    while (monitor_.flush()) {
    }
    observe();
    monitor_.submit(0);
    HealthMetrics metrics = monitor_.flush().value();
    if (metrics.total_layers != std::ssize(step_.model.trainable_variables()) ||
        !std::isfinite(metrics.mean_gradient)) {
      throw std::runtime_error("the metrics are wrong");
    }
    return metrics;
  }

  void synchronize() { stream_.synchronize(); }

  std::vector<TensorView> views() {
    if (watched_ == Watched::kGradients) return tape_.gradient_views();
    std::vector<TensorView> views = tape_.views();
    if (watched_ == Watched::kLayers) {
      std::erase_if(views, [](const TensorView& view) { return view.role == Role::kOutput; });
    }
    views.insert(views.end(), weights_.begin(), weights_.end());
    return views;
  }

 private:
  Stream stream_;
  const Step& step_;
  Watched watched_;
  std::vector<TensorView> weights_;  // Made once: parameters stay where they are.
  Tape tape_;
  GradientMonitor monitor_;
};

/// What a case runs on: made when it runs.
struct Place {
  Stream::Options options;
  Step (*make)(Stream&);
  int turns;           ///< Samples of both steps.
  int steps_per_turn;  ///< Some milliseconds in all: what a clock resolves, and a pause is short to.
  bool as_graph = false;
};

/// The step as a function, or captured in a graph.
std::function<void()> runner(Stream& stream, const Place& place,
                             const std::function<void()>& step) {
  if (!place.as_graph) return step;
  auto graph = std::make_shared<StepGraph>(stream, step);
  while (!graph->is_captured()) graph->run();
  return [graph] { graph->run(); };
}

double seconds(int calls, WatchedStep& step, const std::function<void()>& call) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) call();
  step.synchronize();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / calls;
}

/// The value that a share of all does not exceed.
double quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(
      std::lround(share * static_cast<double>(values.size() - 1)))];
}

void judge(const std::optional<HealthMetrics>& metrics) {
  if (metrics) benchmark::DoNotOptimize(diagnose(*metrics));
}

void run_in_turns(benchmark::State& state, const Place& place, Watched watched, bool with_rules) {
  Stream stream(place.options);
  const Step step = place.make(stream);
  WatchedStep watched_step(stream, step, watched);
  // Where the monitor needs no more kept than training does, one tape serves both.
  std::optional<WatchedStep> other_tape;
  if (watched != Watched::kGradients || place.as_graph) {
    other_tape.emplace(stream, step, Watched::kGradients);
  }
  WatchedStep& plain_step = other_tape ? *other_tape : watched_step;
  watched_step.metrics();

  const auto plain = runner(stream, place, [&] { plain_step.run_once(); });
  const auto measured = runner(stream, place, [&] {
    watched_step.run_once();
    watched_step.observe();
  });
  const auto watch = [&] {
    measured();
    const std::optional<HealthMetrics> metrics = watched_step.exchange();
    if (with_rules) judge(metrics);
  };
  seconds(place.steps_per_turn, watched_step, watch);
  std::vector<double> unwatched_us;
  std::vector<double> overhead_us;
  bool is_plain_first = true;
  for (auto _ : state) {
    const double first = is_plain_first ? seconds(place.steps_per_turn, plain_step, plain)
                                        : seconds(place.steps_per_turn, watched_step, watch);
    const double second = is_plain_first ? seconds(place.steps_per_turn, watched_step, watch)
                                         : seconds(place.steps_per_turn, plain_step, plain);
    const auto [without, with] =
        is_plain_first ? std::pair(first, second) : std::pair(second, first);
    is_plain_first = !is_plain_first;
    unwatched_us.push_back(without * 1e6);
    overhead_us.push_back((with - without) * 1e6);
    state.SetIterationTime(with);
  }
  state.counters["samples"] = static_cast<double>(overhead_us.size());
  state.counters["unwatched_us"] = quantile(unwatched_us, 0.5);
  state.counters["overhead_us"] = quantile(overhead_us, 0.5);
  state.counters["overhead_p10_us"] = quantile(overhead_us, 0.1);
  state.counters["overhead_p90_us"] = quantile(overhead_us, 0.9);
  state.counters["overhead_percent"] =
      100 * quantile(overhead_us, 0.5) / quantile(unwatched_us, 0.5);
}

void run_statistics(benchmark::State& state, const Place& place, Watched watched) {
  Stream stream(place.options);
  const Step step = place.make(stream);
  WatchedStep watched_step(stream, step, watched);
  watched_step.metrics();
  for (auto _ : state) {
    watched_step.observe();
    benchmark::DoNotOptimize(watched_step.exchange());
  }
}

/// The statistics that the monitor takes, without it: what it adds is the difference.
void run_kernel(benchmark::State& state, const Place& place, Watched watched) {
  Stream stream(place.options);
  const Step step = place.make(stream);
  WatchedStep watched_step(stream, step, watched);
  const std::vector<TensorView> views = watched_step.views();
  TensorStatsPlan plan(stream, views);
  Buffer records(stream, plan.record_count() * static_cast<std::int64_t>(sizeof(TensorStats)));
  for (auto _ : state) {
    tensor_stats(stream, plan, {static_cast<TensorStats*>(records.data()), plan.record_count()});
    stream.synchronize();
    benchmark::ClobberMemory();
  }
}

void run_rules(benchmark::State& state, const Place& place) {
  Stream stream(place.options);
  const Step step = place.make(stream);
  WatchedStep watched_step(stream, step, Watched::kEverything);
  const HealthMetrics metrics = watched_step.metrics();
  for (auto _ : state) benchmark::DoNotOptimize(diagnose(metrics));
}

void register_place(const std::string& device, const std::string& where, const Place& place) {
  const auto name_of = [&](const std::string& what) {
    return fmt::format("{}/{}/{}", device, what, where);
  };
  const auto register_alone = [&](const std::string& what, auto run) {
    benchmark::RegisterBenchmark(name_of(what).c_str(), run)
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
  };
  for (const Watched watched : {Watched::kGradients, Watched::kLayers, Watched::kEverything}) {
    const std::string what(name(watched));
    for (const bool with_rules : {false, true}) {
      benchmark::RegisterBenchmark(
          name_of(what + (with_rules ? "_rules" : "")).c_str(),
          [=](benchmark::State& state) { run_in_turns(state, place, watched, with_rules); })
          ->UseManualTime()
          ->Iterations(place.turns)
          ->Unit(benchmark::kMicrosecond);
    }
    if (place.as_graph) continue;
    register_alone("statistics_" + what,
                   [=](benchmark::State& state) { run_statistics(state, place, watched); });
    register_alone("kernel_" + what,
                   [=](benchmark::State& state) { run_kernel(state, place, watched); });
  }
  if (place.as_graph) return;
  register_alone("rules", [=](benchmark::State& state) { run_rules(state, place); });
}

void register_networks(const std::string& device, const Stream::Options& options,
                       const std::string& suffix, bool as_graph = false) {
  // To a step of 100 us a few are added, which takes more samples to see than those of 200 ms.
  const auto small = [&](Step (*make)(Stream&)) {
    return Place{options, make, /*turns=*/100, /*steps_per_turn=*/20, as_graph};
  };
  register_place(device, "sigmoid_network" + suffix, small(sigmoid_step));
  register_place(device, "relu_network" + suffix, small(relu_step));
  register_place(device, "relu_1024x8" + suffix,
                 {options, wide_step, /*turns=*/40, /*steps_per_turn=*/1, as_graph});
}

const bool kRegistered = [] {
  for (const int threads : {1, 2}) {
    register_networks("cpu", {.device = DeviceType::kCpu, .threads = threads},
                      fmt::format("/{}", threads));
  }
  if (has_cuda("monitor_overhead")) {
    register_networks("cuda", {.device = DeviceType::kCuda}, "");
    register_networks("cuda", {.device = DeviceType::kCuda}, "_graph", /*as_graph=*/true);
  }
  return true;
}();

}  // namespace
}  // namespace gradvitals
