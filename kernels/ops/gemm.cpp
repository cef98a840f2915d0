#include "kernels/ops/gemm.h"

#include <fmt/format.h>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

using validate::memory;

constexpr std::string_view kOp = "gemm";

template <class T>
validate::Shape transposed_shape(std::string_view argument, const MatrixView<T>& view,
                                 bool transpose) {
  if (!transpose) return validate::shape(argument, view);
  return {argument, view.cols, view.rows};
}

template <class T>
void check(const Gemm<T>& op) {
  validate::readable(kOp, "a", op.a);
  validate::readable(kOp, "b", op.b);
  validate::readable(kOp, "c", op.c);
  const auto a = transposed_shape(op.transpose_a ? "a^T" : "a", op.a, op.transpose_a);
  const auto b = transposed_shape(op.transpose_b ? "b^T" : "b", op.b, op.transpose_b);
  const auto c = validate::shape("c", op.c);
  if (a.cols != b.rows) validate::shape_mismatch(kOp, a, b);
  if (c.rows != a.rows) validate::shape_mismatch(kOp, c, a);
  if (c.cols != b.cols) validate::shape_mismatch(kOp, c, b);
  validate::outputs_disjoint(kOp, {memory("c", op.c)}, {memory("a", op.a), memory("b", op.b)});
}

}  // namespace

template <class T>
void gemm(Stream& stream, const Gemm<T>& op) {
  check(op);
  run_kernel(stream, "gemm", op);
}

template void gemm(Stream&, const Gemm<float>&);
template void gemm(Stream&, const Gemm<double>&);

void set_gemm_provider(Stream& stream, GemmProvider provider) {
  if (stream.device().type != DeviceType::kCuda) {
    if (provider == GemmProvider::kHandWritten) return;
    validate::fail("set_gemm_provider",
                   fmt::format("cuBLAS runs on device cuda, not on {}", name(stream.device())));
  }
  run_kernel(stream, "set_gemm_provider", SetGemmProvider{provider});
}

}  // namespace gradvitals
