// Matrix products of the cpu device beside OpenBLAS and oneDNN, float: which of ours is faster at
// which shape, the ladder that leads to them, and how near the best of others that is. One name per
// case on cpu:
//   cpu/<shape>/<layout>/<who>/threads:<1 or 2>
// Results are checked before they are timed. Compare on one thread within one run, with
// --benchmark_enable_random_interleaving=true --benchmark_repetitions=30. On two threads give each
// contender a process of its own: a library's idle threads spin for up to 30 ms, and take the CPU
// from who comes next. The cuda cases: gemm_cuda.cpp.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/cuda_cases.h"
#include "benchmarks/gemm_cases.h"
#include "benchmarks/gemm_peers.h"
#include "kernels/ops/cpu/gemm.h"
#include "kernels/runtime/cpu/thread_pool.h"

namespace gradvitals {
namespace {

using cpu::Product;

/// A product's operands, and what some rows of it should be.
class HostOperands {
 public:
  explicit HostOperands(const GemmShape& shape)
      : shape_(shape),
        a_(random_values(shape.m * shape.k, 1)),
        b_(random_values(shape.k * shape.n, 2)),
        c_(static_cast<std::size_t>(shape.m * shape.n)),
        expected_(reference_rows(shape, a_, b_)) {}

  Product<float> product() {
    return {.m = shape_.m,
            .n = shape_.n,
            .k = shape_.k,
            .a = a_.data(),
            .lda = shape_.transpose_a ? shape_.m : shape_.k,
            .transpose_a = shape_.transpose_a,
            .b = b_.data(),
            .ldb = shape_.transpose_b ? shape_.k : shape_.n,
            .transpose_b = shape_.transpose_b,
            .c = c_.data(),
            .ldc = shape_.n,
            .bias = nullptr};
  }

  /// Whether `multiply` writes the product, which is not there before.
  bool is_right(const std::function<void()>& multiply) {
    std::ranges::fill(c_, std::numeric_limits<float>::quiet_NaN());
    multiply();
    return agree(checked_rows(shape_, c_), expected_, shape_.k);
  }

 private:
  GemmShape shape_;
  std::vector<float> a_;
  std::vector<float> b_;
  std::vector<float> c_;
  std::vector<float> expected_;
};

/// Made once, for all contenders: a repetition would spend its time on them.
HostOperands& host_operands_of(const GemmShape& shape) {
  static std::map<std::string, HostOperands> made;
  return made.try_emplace(shape.name(), shape).first->second;
}

/// Who multiplies: `prepare` gives what computes a product as often as it is called.
struct CpuContender {
  std::string name;
  int threads;
  std::function<void()> use_threads;
  std::function<std::function<void()>(const Product<float>&)> prepare;
};

/// The contender's call for a shape, made once, and why it cannot be timed.
struct Prepared {
  std::function<void()> multiply;
  std::string error;
};

Prepared prepare(const CpuContender& who, HostOperands& operands) {
  try {
    Prepared made = {who.prepare(operands.product()), ""};
    if (!operands.is_right(made.multiply)) made.error = "the result is wrong";
    return made;
  } catch (const std::exception& error) {
    return {{}, error.what()};
  }
}

void run(benchmark::State& state, const CpuContender& who, const GemmShape& shape) {
  static std::map<std::string, Prepared> made;
  who.use_threads();
  const std::string name = fmt::format("{}/{}/{}", shape.name(), who.name, who.threads);
  if (!made.contains(name)) made[name] = prepare(who, host_operands_of(shape));
  const Prepared& prepared = made[name];
  if (!prepared.error.empty()) return state.SkipWithError(prepared.error.c_str());
  for (auto _ : state) {
    prepared.multiply();
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] =
      benchmark::Counter(1e-9 * shape.operations() * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

void register_contender(const CpuContender& who, const GemmShape& shape) {
  const std::string name = fmt::format("cpu/{}/{}/threads:{}", shape.name(), who.name, who.threads);
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    run(state, who, shape);
  })->UseRealTime();
}

// ---- contenders

using Multiply = void (*)(const Product<float>&);

CpuContender rung_of(const std::string& name, Multiply multiply) {
  return {name, 1, [] {},
          [=](const Product<float>& product) { return [=] { multiply(product); }; }};
}

CpuContender ours_on_pool(int threads) {
  return {"gemm", threads, [] {},
          [=](const Product<float>& product) {
            // Its threads start at the first call.
            static std::map<int, ThreadPool> pools;
            ThreadPool& pool = pools.try_emplace(threads, threads).first->second;
            return [=, &pool] { cpu::multiply(pool, product); };
          }};
}

CpuContender peer(const GemmPeer& library, int threads) {
  return {library.name, threads, [=, set = library.set_threads] { set(threads); }, library.prepare};
}

/// The libraries that the build found; says which it did not.
std::vector<const GemmPeer*> libraries() {
  std::vector<const GemmPeer*> found;
  const auto add = [&](const char* name, const GemmPeer* library) {
    if (library == nullptr) {
      fmt::print(stderr, "gemm: the cases of {0} are skipped: built without {0}\n", name);
    } else {
      found.push_back(library);
      benchmark::AddCustomContext(library->name, library->described);
    }
  };
  add("OpenBLAS", openblas_gemm());
  add("oneDNN", onednn_gemm());
  return found;
}

/// A product that takes a millisecond and more, which is worth the waking of a thread for everyone.
bool is_worth_two_threads(const GemmShape& shape) {
  return shape.operations() >= 0x1p29;
}

/// Rungs that are passed long before the largest shapes; what they tell, two squares tell.
bool has_ladder(const GemmShape& shape) {
  const bool is_square = shape.m == shape.n && shape.n == shape.k;
  return is_square && !shape.transpose_a && !shape.transpose_b;
}

void register_shape(const GemmShape& shape, const std::vector<const GemmPeer*>& libraries) {
  if (has_ladder(shape)) {
    register_contender(rung_of("naive", &cpu::multiply_naive), shape);
    register_contender(rung_of("blocked", &cpu::multiply_blocked), shape);
  }
  register_contender(rung_of("register_tiled", &cpu::multiply_register_tiled), shape);
  register_contender(rung_of("packed", &cpu::multiply_packed), shape);
  register_contender(ours_on_pool(1), shape);
  for (const GemmPeer* library : libraries) register_contender(peer(*library, 1), shape);
  if (!is_worth_two_threads(shape)) return;
  register_contender(ours_on_pool(2), shape);
  for (const GemmPeer* library : libraries) {
    if (library->has_threads) register_contender(peer(*library, 2), shape);
  }
}

const bool kRegistered = [] {
  const std::vector<const GemmPeer*> found = libraries();
  for (const GemmShape& shape : kLayerShapes) register_shape(shape, found);
  for (const GemmShape& shape : kWideShapes) register_shape(shape, found);
  if (has_cuda("gemm")) register_cuda_cases();
  return true;
}();

}  // namespace
}  // namespace gradvitals
