// Matrix products of the cpu device against OpenBLAS, one thread, float: which is faster at which
// shape, and where gemm changes from one to the other. Results are checked against each other
// before they are timed. One name per case on cpu: cpu/<shape>/<layout>/<who>. Compare within one
// run, with --benchmark_enable_random_interleaving=true --benchmark_repetitions=30
// --benchmark_report_aggregates_only=true. The cuda cases: gemm_cuda.cpp.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "benchmarks/cuda_cases.h"
#include "benchmarks/gemm_cases.h"
#include "kernels/ops/cpu/gemm.h"

namespace gradvitals {
namespace {

using Multiply = void (*)(const cpu::Product<float>&);

void run(benchmark::State& state, Multiply multiply, const GemmShape& shape) {
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
  state.counters["GFLOP/s"] =
      benchmark::Counter(1e-9 * shape.operations() * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

void register_contender(const std::string& name, Multiply multiply, const GemmShape& shape) {
  benchmark::RegisterBenchmark(("cpu/" + shape.name() + "/" + name).c_str(),
                               [=](benchmark::State& state) { run(state, multiply, shape); });
}

const bool kRegistered = [] {
  for (const GemmShape& shape : kLayerShapes) {
    register_contender("gemm", &cpu::multiply<float>, shape);
    register_contender("register_tiled", &cpu::multiply_register_tiled, shape);
    register_contender("openblas", &cpu::multiply_openblas, shape);
  }
  if (has_cuda("gemm")) register_cuda_cases();
  return true;
}();

}  // namespace
}  // namespace gradvitals
