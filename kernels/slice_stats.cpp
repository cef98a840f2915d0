#include "kernels/slice_stats.h"

#include "kernels/backend.h"
#include "kernels/stream.h"
#include "kernels/validate.h"

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
  stream.backend()->slice_stats(op);
}

}  // namespace gradvitals
