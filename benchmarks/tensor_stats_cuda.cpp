// The full record on a GPU beside cuBLAS's and CUB's norms, and beside reading and copying alone,
// on the same buffers. One name per case:
//   cuda/<what>/<shapes>_<dtype>/<zeros in %>/<cold or warm>
// <what>_graph: the same launches, captured once and replayed as one CUDA graph. Norms and records
// are checked against sums in long double before anything is timed (reading and copying have a test
// of their own). What is read stays on the GPU until the program ends: 39 GB where every case runs,
// with what the largest copy writes.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/cuda_cases.h"
#include "benchmarks/gpu_time.h"
#include "benchmarks/own_shapes.h"
#include "benchmarks/stats_run.h"
#include "benchmarks/tensor_cases.h"
#include "benchmarks/tensor_memory.h"
#include "kernels/baselines/norms.h"
#include "kernels/baselines/roofline.h"
#include "kernels/runtime/graph.h"

namespace gradvitals {
namespace {

using baselines::Accumulator;
using baselines::Norms;

/// What a case is about. GPU memory is taken when the first case that needs it runs.
struct CaseTensors {
  std::string shapes;
  DType dtype;
  int zero_percent;
  std::vector<std::int64_t> counts;  ///< Elements of each tensor.

  std::vector<double> sums = {};  ///< Of squares, as they should be.
  std::unique_ptr<Stream> stream = nullptr;
  Buffer data = {};
  std::vector<TensorView> views = {};

  std::string name() const {
    return fmt::format("{}_{}/{}", shapes, short_name(dtype), zero_percent);
  }

  void prepare() {
    if (stream != nullptr) return;
    auto opened = std::make_unique<Stream>(Stream::Options{.device = DeviceType::kCuda});
    TensorMemory memory = make_tensors(*opened, counts, zero_percent, dtype);
    sums = std::move(memory.sums);
    data = std::move(memory.data);
    views = views_of(counts, data.data(), dtype, DeviceType::kCuda);
    stream = std::move(opened);
  }
};

/// How launches reach the GPU.
enum class Launch : std::uint8_t { kEach, kGraph };

const char* suffix(Launch launch) {
  return launch == Launch::kGraph ? "_graph" : "";
}

void time_launches(benchmark::State& state, CaseTensors& tensors, Cache cache, Launch launch,
                   const std::function<void()>& issue) {
  if (launch == Launch::kGraph) {
    Graph graph(*tensors.stream, issue);
    time_on_gpu(state, *tensors.stream, cache, [&] { graph.launch(); });
  } else {
    time_on_gpu(state, *tensors.stream, cache, issue);
  }
  state.SetBytesProcessed(state.iterations() * tensors.data.bytes());
}

void run_record(benchmark::State& state, CaseTensors& tensors, Cache cache, Launch launch) {
  tensors.prepare();
  StatsRun stats(*tensors.stream, tensors.views);
  stats.run();
  if (!agree(stats.sums_of_squares(), tensors.sums, 1e-12)) {
    return state.SkipWithError("a record is wrong");
  }
  time_launches(state, tensors, cache, launch, [&] { stats.run(); });
}

struct Peer {
  const char* name;
  std::function<std::unique_ptr<Norms>(Stream&, std::span<const TensorView>)> make;
  /// Relative. Norms in float32 lose digits as tensors grow, and bfloat16 holds 8 bits: enough to
  /// see that the same thing is computed.
  double tolerance;
  bool takes_16_bits = false;
};

std::vector<Peer> peers(bool with_cublas) {
  constexpr double kFloat32 = 1e-2;
  constexpr double kFloat64 = 1e-12;
  const auto cub = [](auto make, Accumulator accumulator) {
    return [=](Stream& stream, std::span<const TensorView> views) {
      return make(stream, views, accumulator);
    };
  };
  std::vector<Peer> peers = {
      {"cub_reduce_f32", cub(baselines::cub_reduce, Accumulator::kFloat32), kFloat32},
      {"cub_reduce_f64", cub(baselines::cub_reduce, Accumulator::kFloat64), kFloat64},
      {"cub_segmented_f32", cub(baselines::cub_segmented_reduce, Accumulator::kFloat32), kFloat32},
      {"cub_segmented_f64", cub(baselines::cub_segmented_reduce, Accumulator::kFloat64), kFloat64}};
  if (with_cublas) peers.push_back({"cublas_nrm2", baselines::cublas_nrm2, kFloat32, true});
  return peers;
}

void run_peer(benchmark::State& state, CaseTensors& tensors, const Peer& peer, Cache cache,
              Launch launch) {
  tensors.prepare();
  const auto norms = peer.make(*tensors.stream, tensors.views);
  Buffer workspace(*tensors.stream, norms->workspace_bytes());
  norms->run(workspace);
  std::vector<double> expected = tensors.sums;
  for (double& value : expected) value = std::sqrt(value);
  if (!agree(norms->read(workspace), expected, peer.tolerance)) {
    return state.SkipWithError("a norm is wrong");
  }
  time_launches(state, tensors, cache, launch, [&] { norms->run(workspace); });
}

/// What rooflines are made of: vectors of 16 bytes.
std::int64_t vector_bytes(const CaseTensors& tensors) {
  return tensors.data.bytes() / 16 * 16;
}

void run_read(benchmark::State& state, CaseTensors& tensors, int depth, Cache cache) {
  tensors.prepare();
  Stream& stream = *tensors.stream;
  Buffer workspace(stream, kReadWorkspaceBytes);
  const std::int64_t bytes = vector_bytes(tensors);
  time_on_gpu(state, stream, cache,
              [&] { cuda::read_all(stream, tensors.data.data(), bytes, depth, workspace); });
  state.SetBytesProcessed(state.iterations() * bytes);
}

/// Counts what is read and what is written.
void run_copy(benchmark::State& state, CaseTensors& tensors, Cache cache) {
  tensors.prepare();
  Stream& stream = *tensors.stream;
  const std::int64_t bytes = vector_bytes(tensors);
  const Buffer copy(stream, bytes);
  time_on_gpu(state, stream, cache,
              [&] { cuda::copy_all(stream, tensors.data.data(), bytes, copy.data()); });
  state.SetBytesProcessed(state.iterations() * 2 * bytes);
}

void register_rooflines(const std::shared_ptr<CaseTensors>& tensors, Cache cache) {
  const std::string place = fmt::format("{}/{}", tensors->name(), name(cache));
  for (const int depth : kReadDepths) {
    register_on_gpu(fmt::format("cuda/read_{}/{}", depth, place),
                    [=](benchmark::State& state) { run_read(state, *tensors, depth, cache); });
  }
  register_on_gpu("cuda/copy/" + place,
                  [=](benchmark::State& state) { run_copy(state, *tensors, cache); });
}

void register_record(const std::shared_ptr<CaseTensors>& tensors, Cache cache, Launch launch) {
  register_on_gpu(fmt::format("cuda/record{}/{}/{}", suffix(launch), tensors->name(), name(cache)),
                  [=](benchmark::State& state) { run_record(state, *tensors, cache, launch); });
}

void register_peers(const std::shared_ptr<CaseTensors>& tensors, const std::vector<Peer>& peers,
                    Cache cache, Launch launch) {
  for (const Peer& peer : peers) {
    if (tensors->dtype != DType::kFloat32 && !peer.takes_16_bits) continue;
    register_on_gpu(
        fmt::format("cuda/{}{}/{}/{}", peer.name, suffix(launch), tensors->name(), name(cache)),
        [=](benchmark::State& state) { run_peer(state, *tensors, peer, cache, launch); });
  }
}

/// Every contender, each launch by itself and as a graph.
void register_all(const std::shared_ptr<CaseTensors>& tensors, const std::vector<Peer>& contenders,
                  Cache cache) {
  register_record(tensors, cache, Launch::kEach);
  register_record(tensors, cache, Launch::kGraph);
  register_rooflines(tensors, cache);
  for (const Launch launch : {Launch::kEach, Launch::kGraph}) {
    register_peers(tensors, contenders, cache, launch);
  }
}

}  // namespace

void register_cuda_cases() {
  const std::vector<Peer> contenders = peers(has_cublas("tensor_stats"));
  const std::vector<OwnShapes> all = own_shapes();
  for (const OwnShapes& own : all) {
    const auto tensors = std::make_shared<CaseTensors>(CaseTensors{
        .shapes = own.name, .dtype = own.dtype, .zero_percent = 0, .counts = own.counts});
    for (const Cache cache : {Cache::kCold, Cache::kWarm}) {
      register_all(tensors, contenders, cache);
    }
  }
  if (!all.empty()) return;
  for (const SizedCase& sized : kSizes) {
    const auto tensor = std::make_shared<CaseTensors>(CaseTensors{.shapes = sized.name,
                                                                  .dtype = DType::kFloat32,
                                                                  .zero_percent = 0,
                                                                  .counts = {sized.count}});
    register_record(tensor, Cache::kCold, Launch::kEach);
    register_rooflines(tensor, Cache::kCold);
    register_peers(tensor, contenders, Cache::kCold, Launch::kEach);
  }
  struct Shapes {
    const char* name;
    DType dtype = DType::kFloat32;
    bool with_zeros = true;
  };
  for (const Shapes& shapes :
       {Shapes{"notebook_network"}, Shapes{"5000x1000"}, Shapes{"5000x4096"}, Shapes{"gpt2_124m"},
        Shapes{"gpt2_124m", DType::kBFloat16}, Shapes{"gpt2_124m", DType::kFloat16},
        Shapes{"gpt2_1_5b", DType::kBFloat16, false}, Shapes{"llama_7b", DType::kBFloat16, false},
        Shapes{"skewed"}, Shapes{"1x268M"}}) {
    for (const int zeros : {0, 1, 50}) {
      if (zeros != 0 && !shapes.with_zeros) continue;
      const auto tensors =
          std::make_shared<CaseTensors>(CaseTensors{.shapes = shapes.name,
                                                    .dtype = shapes.dtype,
                                                    .zero_percent = zeros,
                                                    .counts = counts_of(shapes.name)});
      for (const Cache cache : {Cache::kCold, Cache::kWarm}) {
        if (zeros == 0) {
          register_all(tensors, contenders, cache);
        } else {
          register_record(tensors, cache, Launch::kEach);
        }
      }
    }
  }
}

}  // namespace gradvitals
