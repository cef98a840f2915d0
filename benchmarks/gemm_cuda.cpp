// The ladder of products on a GPU, rung by rung, gemm's own choice of a rung, and cuBLAS. One name
// per case:
//   cuda/<shape>/<layout>/<who>
// GFLOP/s of each, and for ours the share of cuBLAS's speed, which takes its turn on the same
// operands in the same case. Results are checked against the cpu device before anything is timed.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "benchmarks/cuda_cases.h"
#include "benchmarks/gemm_cases.h"
#include "benchmarks/gpu_time.h"
#include "kernels/ops/cuda/gemm_ladder.h"
#include "kernels/ops/gemm.h"
#include "kernels/runtime/backend.h"
#include "kernels/runtime/buffer.h"

namespace gradvitals {
namespace {

/// Where tiles fill the GPU: the shapes that ladders are usually climbed on.
constexpr GemmShape kSquares[] = {{1024, 1024, 1024, false, false},
                                  {2048, 2048, 2048, false, false},
                                  {4096, 4096, 4096, false, false}};

/// One product's operands on a stream's device.
class Operands {
 public:
  Operands(Stream& stream, const GemmShape& shape)
      : stream_(stream),
        shape_(shape),
        a_(upload(shape.m * shape.k, 1)),
        b_(upload(shape.k * shape.n, 2)),
        c_(stream, shape.m * shape.n * kElementBytes) {}

  Gemm<float> op() const {
    const auto matrix = [](const Buffer& buffer, std::int64_t rows, std::int64_t cols, bool swap) {
      return MatrixView<float>{static_cast<float*>(buffer.data()), swap ? cols : rows,
                               swap ? rows : cols};
    };
    return {.a = matrix(a_, shape_.m, shape_.k, shape_.transpose_a),
            .b = matrix(b_, shape_.k, shape_.n, shape_.transpose_b),
            .c = matrix(c_, shape_.m, shape_.n, false),
            .transpose_a = shape_.transpose_a,
            .transpose_b = shape_.transpose_b};
  }

  std::vector<float> result() {
    std::vector<float> values(static_cast<std::size_t>(shape_.m * shape_.n));
    copy_to_host(stream_, c_.data(), c_.bytes(), values.data());
    return values;
  }
  /// So that a result that was not written is detected.
  void clear_result() { fill_zero(stream_, c_.data(), c_.bytes()); }

 private:
  static constexpr std::int64_t kElementBytes = sizeof(float);

  Buffer upload(std::int64_t count, std::uint32_t seed) {
    const std::vector<float> values = random_values(count, seed);
    Buffer buffer(stream_, count * kElementBytes);
    copy_to_device(stream_, values.data(), buffer.bytes(), buffer.data());
    return buffer;
  }

  Stream stream_;
  GemmShape shape_;
  Buffer a_;
  Buffer b_;
  Buffer c_;
};

const std::vector<float>& product_on_cpu(const GemmShape& shape) {
  static std::map<std::string, std::vector<float>> made;
  std::vector<float>& product = made[shape.name()];
  if (product.empty()) {
    Stream stream;
    Operands operands(stream, shape);
    gemm(stream, operands.op());
    product = operands.result();
  }
  return product;
}

/// Opened when the first case that needs it runs.
Stream& hand_written_stream() {
  // Never destroyed: the driver may be gone when static objects are.
  static auto& stream = *new Stream({.device = DeviceType::kCuda});
  return stream;
}
Stream& cublas_stream() {
  static auto& stream = *[] {
    auto* const opened = new Stream({.device = DeviceType::kCuda});
    set_gemm_provider(*opened, GemmProvider::kCublas);
    return opened;
  }();
  return stream;
}

/// Made once: a repetition would spend its time on them.
Operands& operands_of(Stream& stream, const GemmShape& shape) {
  static auto& made = *new std::map<std::pair<Stream*, std::string>, Operands>;
  return made.try_emplace({&stream, shape.name()}, stream, shape).first->second;
}

/// Who multiplies: `multiply` issues the op to the stream.
struct Contender {
  std::string name;
  std::function<void(Stream&, const Gemm<float>&)> multiply;
};

/// Calls of one sample: 10 ms of a GPU that does 2 TFLOP/s, and one where that is exceeded.
int calls_for(const GemmShape& shape) {
  constexpr double kOperations = 2e10;
  constexpr double kMostCalls = 100;
  return static_cast<int>(std::clamp(kOperations / shape.operations(), 1.0, kMostCalls));
}

bool is_right(Operands& operands, const GemmShape& shape, Stream& stream,
              const Contender& contender) {
  operands.clear_result();
  stream.synchronize();
  contender.multiply(stream, operands.op());
  stream.synchronize();
  return agree(operands.result(), product_on_cpu(shape), shape.k);
}

/// The op itself. No constant: cases are registered from another file's, which may come first.
Contender whole_gemm() {
  return {"gemm", [](Stream& stream, const Gemm<float>& op) { gemm(stream, op); }};
}

/// Times the contender and cuBLAS on the same operands, by turns; returns the share of cuBLAS's
/// speed in percent.
double time_against_cublas(benchmark::State& state, const GemmShape& shape,
                           const Contender& contender, const Gemm<float>& op, Stream& stream,
                           Stream& cublas) {
  const int calls = calls_for(shape);
  baselines::GpuTimer timer(stream);
  baselines::GpuTimer cublas_timer(cublas);
  gemm(cublas, op);  // Its first call chooses and loads a kernel.
  cublas.synchronize();
  double ours = 0;
  double theirs = 0;
  for (auto _ : state) {
    const double seconds = seconds_per_call(timer, calls, [&] { contender.multiply(stream, op); });
    state.SetIterationTime(seconds);
    ours += seconds;
    theirs += seconds_per_call(cublas_timer, calls, [&] { gemm(cublas, op); });
  }
  return 100 * theirs / ours;
}

/// By the contender on `stream`, beside cuBLAS where that is given.
void run(benchmark::State& state, const GemmShape& shape, const Contender& contender,
         Stream& stream, Stream* cublas) {
  Operands& operands = operands_of(stream, shape);
  // Not at every repetition, which would take longer than what it measures.
  static std::map<std::tuple<Stream*, std::string, std::string>, bool> checked;
  const auto [found, is_first] = checked.try_emplace({&stream, shape.name(), contender.name});
  if (is_first) found->second = is_right(operands, shape, stream, contender);
  if (!found->second) return state.SkipWithError("the result is wrong");
  if (cublas == nullptr) {
    baselines::GpuTimer timer(stream);
    for (auto _ : state) {
      state.SetIterationTime(seconds_per_call(timer, calls_for(shape),
                                              [&] { contender.multiply(stream, operands.op()); }));
    }
  } else {
    state.counters["% of cuBLAS"] =
        time_against_cublas(state, shape, contender, operands.op(), stream, *cublas);
  }
  state.counters["GFLOP/s"] =
      benchmark::Counter(1e-9 * shape.operations() * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

std::vector<Contender> our_contenders() {
  const auto rung = [](const char* name, GemmAlgorithm algorithm) {
    return Contender{
        name, [=](Stream& stream, const Gemm<float>& op) { gemm_by(stream, algorithm, op); }};
  };
  return {rung("naive", GemmAlgorithm::kNaive),
          rung("coalesced", GemmAlgorithm::kCoalesced),
          rung("shared_tiled", GemmAlgorithm::kSharedTiled),
          rung("register_tiled", GemmAlgorithm::kRegisterTiled),
          rung("warp_tiled", GemmAlgorithm::kWarpTiled),
          whole_gemm()};
}

void register_shape(const GemmShape& shape, bool with_cublas) {
  const std::string place = fmt::format("cuda/{}/", shape.name());
  for (const Contender& contender : our_contenders()) {
    register_on_gpu(place + contender.name, [=](benchmark::State& state) {
      run(state, shape, contender, hand_written_stream(), with_cublas ? &cublas_stream() : nullptr);
    });
  }
  if (!with_cublas) return;
  register_on_gpu(place + "cublas", [=](benchmark::State& state) {
    run(state, shape, whole_gemm(), cublas_stream(), nullptr);
  });
}

}  // namespace

void register_cuda_cases() {
  const bool with_cublas = has_cublas("gemm");
  for (const GemmShape& shape : kLayerShapes) register_shape(shape, with_cublas);
  for (const GemmShape& shape : kSquares) register_shape(shape, with_cublas);
}

}  // namespace gradvitals
