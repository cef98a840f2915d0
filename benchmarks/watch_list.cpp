// What it costs to watch tensors whose memory changes: 600 of them, as frameworks give each step's
// gradients new memory. One name per case:
//   <device>/<pointers>/<elements of a tensor>
// same: where they were in the step before; moved: all somewhere else. Views gives the views anew
// (observe(views)), strings makes them anew, with names from std::string, pointers gives the
// addresses alone (set_data()).
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
    for (int i = 0; i < kTensors; ++i) strings_.push_back(fmt::format("layers.{}.weight", i));
    const std::vector<Name> names(strings_.begin(), strings_.end());
    for (std::size_t place = 0; place < memory_.size(); ++place) {
      const std::int64_t bytes = elements * std::int64_t{sizeof(float)};
      memory_[place] = Buffer(stream, kTensors * bytes);
      fill_zero(stream, memory_[place].data(), memory_[place].bytes());
      for (int i = 0; i < kTensors; ++i) {
        const void* const data = static_cast<char*>(memory_[place].data()) + i * bytes;
        data_[place].push_back(data);
        views_[place].push_back({.name = names[static_cast<std::size_t>(i)],
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

  /// As a trainer makes them that knows its tensors by std::string: a Name is made for each.
  std::vector<TensorView> views_from_strings(std::size_t place) const {
    std::vector<TensorView> views;
    views.reserve(strings_.size());
    for (std::size_t i = 0; i < strings_.size(); ++i) {
      const TensorView& kept = views_[place][i];
      views.push_back({.name = strings_[i],
                       .layer = kept.layer,
                       .data = kept.data,
                       .count = kept.count,
                       .rows = kept.rows,
                       .cols = kept.cols,
                       .device = kept.device});
    }
    return views;
  }

  const std::vector<const void*>& data(std::size_t place) const { return data_[place]; }

 private:
  std::vector<std::string> strings_;
  std::array<Buffer, 2> memory_;
  std::array<std::vector<TensorView>, 2> views_;  // Kept, with names: steps make no strings.
  std::array<std::vector<const void*>, 2> data_;
};

/// What a step gives to the monitor.
enum class Given : std::uint8_t { kPointers, kViews, kStrings };

const char* word(Given given) {
  if (given == Given::kPointers) return "pointers";
  return given == Given::kViews ? "views" : "strings";
}

void watch(benchmark::State& state, DeviceType device, bool moves, Given given) {
  Stream stream({.device = device, .threads = 1});
  const Tensors tensors(stream, state.range(0));
  GradientMonitor monitor(stream);
  monitor.watch(tensors.views(0));
  std::size_t place = 0;
  std::int64_t step = 0;
  const auto run = [&] {
    if (given == Given::kPointers) {
      monitor.set_data(tensors.data(place));
      monitor.observe();
    } else if (given == Given::kViews) {
      monitor.observe(tensors.views(place));
    } else {
      monitor.observe(tensors.views_from_strings(place));
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
  for (const Given given : {Given::kPointers, Given::kViews, Given::kStrings}) {
    for (const bool moves : {false, true}) {
      const std::string name =
          fmt::format("{}/{}/{}", gradvitals::name(device), word(given), moves ? "moved" : "same");
      auto* const cases = benchmark::RegisterBenchmark(
          name.c_str(), [=](benchmark::State& state) { watch(state, device, moves, given); });
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
