#include "kernels/stats/activation_stats.h"

#include <fmt/format.h>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/validate_view.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "activation_stats";

}  // namespace

void activation_stats(Stream& stream, const ActivationStats& op) {
  const TensorView& view = op.view;
  validate::matrix(kOp, view, stream.device());
  if (view.dtype != DType::kFloat32 && view.dtype != DType::kFloat64) {
    validate::fail(kOp, view, fmt::format("is {}; F32 and F64 can be read", name(view.dtype)));
  }
  validate::has_count(kOp, view, "zero_count", op.zero_count, view.cols);
  validate::has_count(kOp, view, "saturated_count", op.saturated_count, view.cols);
  run_kernel(stream, "activation_stats", op);
}

}  // namespace gradvitals
