// Matrix products of the cpu device against OpenBLAS, one thread, float: which is faster at which
// shape, and where gemm changes from one to the other. Results are checked against each other
// before they are timed. Compare within one run, with --benchmark_enable_random_interleaving=true
// --benchmark_repetitions=30 --benchmark_report_aggregates_only=true.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/gemm.h"

namespace gradvitals {
namespace {

struct Shape {
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  bool transpose_a;
  bool transpose_b;
};

/// Forward, weight gradient and input gradient of the seed networks' layers at batch 100, of wide
/// layers, and the shapes around the change of algorithm.
constexpr Shape kShapes[] = {
    {100, 64, 10, false, false},     {10, 64, 100, true, false},     {100, 64, 64, false, false},
    {64, 64, 100, true, false},      {100, 64, 64, false, true},     {100, 1, 64, false, false},
    {64, 1, 100, true, false},       {100, 64, 1, false, true},      {1000, 64, 64, false, false},
    {256, 256, 256, false, false},   {256, 256, 256, true, false},   {256, 256, 256, false, true},
    {256, 1024, 1024, false, false}, {1024, 1024, 256, true, false}, {256, 1024, 1024, false, true},
};

std::vector<float> random_values(std::int64_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = uniform(engine);
  return values;
}

using Multiply = void (*)(const cpu::Product<float>&);

/// Whether two orders of summation explain every difference.
bool agree(const std::vector<float>& got, const std::vector<float>& expected, std::int64_t k) {
  const double tolerance = 1.2e-7 * static_cast<double>(k + 3) * static_cast<double>(k);
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!(std::fabs(got[i] - expected[i]) <= tolerance)) return false;
  }
  return true;
}

void run(benchmark::State& state, Multiply multiply, const Shape& shape) {
  const auto a = random_values(shape.m * shape.k, 1);
  const auto b = random_values(shape.k * shape.n, 2);
  std::vector<float> c(static_cast<std::size_t>(shape.m * shape.n));
  const cpu::Product<float> product{.m = shape.m,
                                    .n = shape.n,
                                    .k = shape.k,
                                    .a = a.data(),
                                    .lda = shape.transpose_a ? shape.m : shape.k,
                                    .transpose_a = shape.transpose_a,
                                    .b = b.data(),
                                    .ldb = shape.transpose_b ? shape.k : shape.n,
                                    .transpose_b = shape.transpose_b,
                                    .c = c.data(),
                                    .ldc = shape.n,
                                    .bias = nullptr};
  cpu::multiply_openblas(product);
  const std::vector<float> expected = c;
  multiply(product);
  if (!agree(c, expected, shape.k)) return state.SkipWithError("the result is wrong");
  for (auto _ : state) {
    multiply(product);
    benchmark::ClobberMemory();
  }
  const auto operations = static_cast<double>(2 * shape.m * shape.n * shape.k);
  state.counters["GFLOP/s"] = benchmark::Counter(
      1e-9 * operations * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void register_contender(const std::string& name, Multiply multiply, const Shape& shape) {
  const std::string sizes = std::to_string(shape.m) + "x" + std::to_string(shape.n) + "x" +
                            std::to_string(shape.k) + "/" + (shape.transpose_a ? "T" : "N") +
                            (shape.transpose_b ? "T" : "N");
  benchmark::RegisterBenchmark((sizes + "/" + name).c_str(),
                               [=](benchmark::State& state) { run(state, multiply, shape); });
}

const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    register_contender("gemm", &cpu::multiply<float>, shape);
    register_contender("register_tiled", &cpu::multiply_register_tiled, shape);
    register_contender("openblas", &cpu::multiply_openblas, shape);
  }
  return true;
}();

}  // namespace
}  // namespace gradvitals
