#include "kernels/stats/slice_stats.h"

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/validate_view.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "slice_stats";

}  // namespace

void slice_stats(Stream& stream, const SliceStats& op) {
  validate::matrix(kOp, op.view, stream.device());
  validate::has_count(kOp, op.view, "rows", op.rows, op.view.rows);
  validate::has_count(kOp, op.view, "cols", op.cols, op.view.cols);
  validate::outputs_disjoint(
      kOp, {validate::memory("rows", op.rows), validate::memory("cols", op.cols)}, {});
  run_kernel(stream, "slice_stats", op);
}

}  // namespace gradvitals
