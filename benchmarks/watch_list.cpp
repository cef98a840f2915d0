// What it costs to watch tensors whose memory changes: 600 of them, as frameworks give each step's
// gradients new memory. One name per case:
//   <device>/<pointers>/<elements of a tensor>
// same: where they were in the step before; moved: all somewhere else. Views gives the views anew
// (observe(views)), pointers alone the addresses (set_data()).
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/cuda_cases.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "monitor/gradient_monitor.h"

namespace gradvitals {
namespace {

constexpr int kTensors = 600;

/// The same tensors at two places.
class Tensors {
 public:
  Tensors(Stream& stream, std::int64_t elements) {
    for (int i = 0; i < kTensors; ++i) names_.emplace_back(fmt::format("layers.{}.weight", i));
    for (std::size_t place = 0; place < memory_.size(); ++place) {
      const std::int64_t bytes = elements * std::int64_t{sizeof(float)};
      memory_[place] = Buffer(stream, kTensors * bytes);
      fill_zero(stream, memory_[place].data(), memory_[place].bytes());
      for (int i = 0; i < kTensors; ++i) {
        const void* const data = static_cast<char*>(memory_[place].data()) + i * bytes;
        data_[place].push_back(data);
        views_[place].push_back({.name = names_[static_cast<std::size_t>(i)],
                                 .layer = i,
                                 .data = data,
                                 .count = elements,
                                 .rows = 1,
                                 .cols = elements,
                                 .device = stream.device()});
      }
    }
  }

  const std::vector<TensorView>& views(std::size_t place) const { return views_[place]; }
  const std::vector<const void*>& data(std::size_t place) const { return data_[place]; }

 private:
  std::vector<Name> names_;  // Kept, as a trainer keeps them: steps make no strings.
  std::array<Buffer, 2> memory_;
  std::array<std::vector<TensorView>, 2> views_;
  std::array<std::vector<const void*>, 2> data_;
};

void watch(benchmark::State& state, DeviceType device, bool moves, bool by_views) {
  Stream stream({.device = device, .threads = 1});
  const Tensors tensors(stream, state.range(0));
  GradientMonitor monitor(stream);
  monitor.watch(tensors.views(0));
  std::size_t place = 0;
  std::int64_t step = 0;
  const auto run = [&] {
    if (by_views) {
      monitor.observe(tensors.views(place));
    } else {
      monitor.set_data(tensors.data(place));
      monitor.observe();
    }
    monitor.submit(step++);
    const std::optional<HealthMetrics> metrics = monitor.flush();
    if (metrics->total_layers != kTensors) throw std::runtime_error("the metrics are wrong");
    if (moves) place = 1 - place;
  };
  for (int i = 0; i < 3; ++i) run();
  for (auto _ : state) run();
}

void add_cases(DeviceType device) {
  for (const bool by_views : {false, true}) {
    for (const bool moves : {false, true}) {
      const std::string name =
          fmt::format("{}/{}/{}", gradvitals::name(device), by_views ? "views" : "pointers",
                      moves ? "moved" : "same");
      auto* const cases = benchmark::RegisterBenchmark(
          name.c_str(), [=](benchmark::State& state) { watch(state, device, moves, by_views); });
      cases->Arg(256)->Unit(benchmark::kMicrosecond)->UseRealTime();
      if (device != DeviceType::kSim) cases->Arg(4096);
    }
  }
}

const bool kRegistered = [] {
  add_cases(DeviceType::kCpu);
  add_cases(DeviceType::kSim);
  if (has_cuda("watch_list")) add_cases(DeviceType::kCuda);
  return true;
}();

}  // namespace
}  // namespace gradvitals
