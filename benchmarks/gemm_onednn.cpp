#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <oneapi/dnnl/dnnl.hpp>

#include "benchmarks/gemm_peers.h"

namespace gradvitals {
namespace {

using Call = std::function<void()>;

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/// Its BLAS.
Call sgemm(const cpu::Product<float>& p) {
  return [p] {
    const auto letter = [](bool transpose) { return transpose ? 'T' : 'N'; };
    dnnl::error::wrap_c_api(dnnl_sgemm(letter(p.transpose_a), letter(p.transpose_b), p.m, p.n, p.k,
                                       p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc),
                            "dnnl_sgemm failed");
  };
}

dnnl::memory::desc matrix(std::int64_t rows, std::int64_t columns, std::int64_t stride,
                          bool transpose) {
  const dnnl::memory::dims strides = {transpose ? 1 : stride, transpose ? stride : 1};
  return {{rows, columns}, dnnl::memory::data_type::f32, strides};
}

/// A memory object does not write to what it only reads, and still wants it to be writable.
dnnl::memory memory_of(const dnnl::memory::desc& desc, const float* values) {
  return {desc, cpu_engine(), const_cast<float*>(values)};
}

/// Its primitive, on the operands where they lie: what it packs, it packs at each call.
Call matmul(const cpu::Product<float>& p) {
  const dnnl::memory::desc a = matrix(p.m, p.k, p.lda, p.transpose_a);
  const dnnl::memory::desc b = matrix(p.k, p.n, p.ldb, p.transpose_b);
  const dnnl::memory::desc c = matrix(p.m, p.n, p.ldc, false);
#if DNNL_VERSION_MAJOR < 3
  const dnnl::matmul::primitive_desc desc({a, b, c}, cpu_engine());
#else
  const dnnl::matmul::primitive_desc desc(cpu_engine(), a, b, c);
#endif
  return [primitive = dnnl::matmul(desc), stream = dnnl::stream(cpu_engine()),
          a_memory = memory_of(a, p.a), b_memory = memory_of(b, p.b),
          c_memory = memory_of(c, p.c)]() mutable {
    primitive.execute(
        stream, {{DNNL_ARG_SRC, a_memory}, {DNNL_ARG_WEIGHTS, b_memory}, {DNNL_ARG_DST, c_memory}});
    stream.wait();
  };
}

/// The shortest of some calls.
double seconds_of(const Call& call) {
  using Clock = std::chrono::steady_clock;
  constexpr int kCalls = 5;
  call();
  double shortest = 1e9;
  for (int i = 0; i < kCalls; ++i) {
    const Clock::time_point start = Clock::now();
    call();
    shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return shortest;
}

/// By the one of its two ways that is faster here.
Call onednn_prepare(const cpu::Product<float>& p) {
  Call first = sgemm(p);
  Call second = matmul(p);
  return seconds_of(first) <= seconds_of(second) ? first : second;
}

std::string onednn_described() {
  const dnnl_version_t* const version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
}

}  // namespace

const GemmPeer* onednn_gemm() {
  static const GemmPeer peer = {
      .name = "onednn",
      .described = onednn_described(),
      .has_threads = dnnl_version()->cpu_runtime == DNNL_RUNTIME_OMP,
      .set_threads = omp_set_num_threads,
      .prepare = onednn_prepare,
  };
  return &peer;
}

}  // namespace gradvitals
