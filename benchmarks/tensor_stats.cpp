// The full record of every tensor of a plan beside the norms that others compute, and beside
// reading and copying alone, on the same memory. One name per case on cpu:
//   cpu/<who>/<shapes>_<dtype>/<zeros in %>/<cold or warm>/<threads>
// Results are checked against sums in long double before anything is timed. Compare within one
// run: `./run bench` interleaves the contenders of a case at random and takes medians, those of
// tensors with zeros among them. One case's tensors are in memory at a time, for each share of
// zeros, and two copies of them: 5.4 GB at most. The cuda cases: tensor_stats_cuda.cpp. With
// GRADVITALS_BENCH_SHAPES (own_shapes.h) the cases are those of the user's tensors alone.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/cpu_tensors.h"
#include "benchmarks/cuda_cases.h"
#include "benchmarks/gemm_peers.h"
#include "benchmarks/host_roofline.h"
#include "benchmarks/norm_peers.h"
#include "benchmarks/own_shapes.h"
#include "benchmarks/stats_run.h"
#include "kernels/ops/gemm.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/cpu/thread_pool.h"
#include "kernels/runtime/device.h"

namespace gradvitals {
namespace {

using Work = CpuTensors::Work;

Work make_record(CpuTensors& tensors, int threads) {
  struct Records {
    Stream stream;
    std::vector<StatsRun> runs;
  };
  auto records = std::make_shared<Records>(
      Records{.stream = Stream({.device = DeviceType::kCpu, .threads = threads}), .runs = {}});
  for (std::size_t copy = 0; copy < tensors.copies(); ++copy) {
    records->runs.emplace_back(records->stream, tensors.views(copy));
  }
  records->runs[0].run();
  if (!agree(records->runs[0].sums_of_squares(), tensors.sums(), 1e-12)) {
    throw std::runtime_error("a record is wrong");
  }
  return [records](std::size_t copy) { records->runs[copy].run(); };
}

Work make_peer(CpuTensors& tensors, const NormPeer& peer) {
  auto norms = std::make_shared<std::vector<double>>(tensors.counts().size());
  Work work = [&tensors, norms, peer](std::size_t copy) {
    const std::vector<TensorView>& views = tensors.views(copy);
    for (std::size_t i = 0; i < views.size(); ++i) {
      (*norms)[i] = peer.norm(static_cast<const float*>(views[i].data), views[i].count);
    }
  };
  work(0);
  std::vector<double> expected = tensors.sums();
  for (double& value : expected) value = std::sqrt(value);
  if (!agree(*norms, expected, peer.tolerance)) {
    throw std::runtime_error(fmt::format("{}: a norm is wrong", peer.name));
  }
  return work;
}

/// The whole words of one copy, of which each thread takes a part.
struct Words {
  const std::uint64_t* data;
  std::int64_t count;

  Words(const CpuTensors& tensors, std::size_t copy)
      : data(static_cast<const std::uint64_t*>(tensors.data(copy))), count(tensors.bytes() / 8) {}
};

constexpr std::int64_t kPageWords = 512;

Work make_read(CpuTensors& tensors, const ReadLoop& loop, int threads) {
  auto pool = std::make_shared<ThreadPool>(threads);
  return [&tensors, loop, pool](std::size_t copy) {
    const Words words(tensors, copy);
    pool->parallel_ranges(words.count, kPageWords, [&](std::int64_t begin, std::int64_t end) {
      benchmark::DoNotOptimize(loop.read(words.data + begin, end - begin));
    });
  };
}

Work make_copy(CpuTensors& tensors, int threads) {
  auto pool = std::make_shared<ThreadPool>(threads);
  // Aligned as the tensors are: else some CPUs copy at a third of the speed.
  auto stream = std::make_shared<Stream>(Stream::Options{.device = DeviceType::kCpu, .threads = 1});
  auto out = std::make_shared<Buffer>(*stream, tensors.all_bytes());
  std::memcpy(out->data(), tensors.data(0), out->bytes());  // Whatever is written first is slow.
  return [&tensors, stream, out, pool](std::size_t copy) {
    const Words words(tensors, copy);
    auto* const to = static_cast<std::uint64_t*>(out->data()) + tensors.bytes_before(copy) / 8;
    pool->parallel_ranges(words.count, kPageWords, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(to + begin, words.data + begin, (end - begin) * 8);
    });
  };
}

/// The case's tensors, beside those with another share of zeros and in the place of all others.
CpuTensors& tensors_of(const CpuCase& which) {
  static std::optional<CpuCase> held;
  static std::map<int, CpuTensors> tensors;
  CpuCase without_zeros = which;
  without_zeros.zero_percent = 0;
  if (held != without_zeros) {
    tensors.clear();
    held = without_zeros;
  }
  return tensors.try_emplace(which.zero_percent, which).first->second;
}

/// Passes until a cache has let go of others' tensors: behind one, those whose turn had come
/// again were 5 to 12 % faster than those whose had not (Zen 3, 5000x1000_f32/warm).
constexpr int kWarmUps = 4;

/// A contender reads `passes` times the bytes of a copy: what is written counts as well.
void register_contender(const CpuCase& which, const std::string& who, int threads,
                        const std::function<Work(CpuTensors&)>& make, int passes = 1) {
  const std::string name = fmt::format("cpu/{}/{}/{}", who, which.name(), threads);
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    CpuTensors& tensors = tensors_of(which);
    const Work& work = tensors.contender(name, make);
    for (int i = 0; i < kWarmUps && !which.is_cold; ++i) work(tensors.next());
    for (auto _ : state) {
      work(tensors.next());
      benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * passes * tensors.bytes());
  })->UseRealTime();
}

void register_peers(const CpuCase& which, std::span<const NormPeer> peers) {
  for (const NormPeer& peer : peers) {
    register_contender(which, peer.name, 1,
                       [=](CpuTensors& tensors) { return make_peer(tensors, peer); });
  }
}

void register_record(const CpuCase& which, int threads) {
  register_contender(which, "record", threads,
                     [=](CpuTensors& tensors) { return make_record(tensors, threads); });
}

void register_case(const CpuCase& which) {
  for (const int threads : {1, 2}) {
    register_record(which, threads);
    for (const ReadLoop& loop : read_loops()) {
      register_contender(which, loop.name, threads,
                         [=](CpuTensors& tensors) { return make_read(tensors, loop, threads); });
    }
    register_contender(
        which, "copy", threads, [=](CpuTensors& tensors) { return make_copy(tensors, threads); },
        2);
  }
  if (which.dtype == DType::kFloat32) {  // The peers know no other.
    register_peers(which, norm_peers());
    register_peers(which, openblas_norm_peers());
    register_peers(which, eigen_norm_peers());
  }
}

/// Sizes that a cache holds are warm, as one tensor watched again and again is.
void register_sizes() {
  for (const SizedCase& sized : kSizes) {
    CpuCase which = {.shapes = sized.name, .counts = counts_of(sized.name)};
    which.is_cold = which.bytes() > cache_bytes();
    register_case(which);
  }
}

void register_cpu_cases() {
  struct Shapes {
    const char* name;
    DType dtype = DType::kFloat32;
  };
  for (const Shapes& shapes :
       {Shapes{"notebook_network"}, Shapes{"5000x1000"}, Shapes{"5000x4096"}, Shapes{"gpt2_124m"},
        Shapes{"gpt2_124m", DType::kBFloat16}, Shapes{"gpt2_124m", DType::kFloat16},
        Shapes{"skewed"}, Shapes{"1x268M"}}) {
    CpuCase which = {
        .shapes = shapes.name, .dtype = shapes.dtype, .counts = counts_of(shapes.name)};
    for (const bool is_cold : {true, false}) {
      if (!is_cold && which.bytes() > cache_bytes()) continue;
      which.is_cold = is_cold;
      which.zero_percent = 0;
      register_case(which);
      for (const int zeros : {1, 50}) {
        which.zero_percent = zeros;
        register_record(which, /*threads=*/1);
      }
    }
  }
}

void register_own_shapes(const std::vector<OwnShapes>& all) {
  for (const OwnShapes& own : all) {
    CpuCase which = {.shapes = own.name, .dtype = own.dtype, .counts = own.counts};
    for (const bool is_cold : {true, false}) {
      if (!is_cold && which.bytes() > cache_bytes()) continue;
      which.is_cold = is_cold;
      register_case(which);
    }
  }
}

/// Ends the program where the user's shapes cannot be read: main() is not ours.
std::vector<OwnShapes> own_shapes_or_exit() {
  try {
    return own_shapes();
  } catch (const std::exception& error) {
    fmt::print(stderr, "tensor_stats: {}\n", error.what());
    std::exit(2);
  }
}

const bool kRegistered = [] {
  const CpuProbe cpu = probe_cpu();
  benchmark::AddCustomContext("simd", cpu.simd);
  benchmark::AddCustomContext("gemm", cpu_gemm_name());
  const GemmPeer* const openblas = openblas_gemm();
  benchmark::AddCustomContext("blas", openblas == nullptr ? "" : openblas->described);
  const std::vector<OwnShapes> own = own_shapes_or_exit();
  if (own.empty()) {
    register_cpu_cases();
    register_sizes();
  } else {
    register_own_shapes(own);
  }
  if (openblas == nullptr) {
    fmt::print(stderr, "tensor_stats: the cases of OpenBLAS are skipped: built without OpenBLAS\n");
  }
  if (eigen_norm_peers().empty()) {
    fmt::print(stderr, "tensor_stats: the cases of Eigen are skipped: built without Eigen\n");
  }
  if (has_cuda("tensor_stats")) register_cuda_cases();
  return true;
}();

}  // namespace
}  // namespace gradvitals
