#include "kernels/stats/tensor_stats.h"

#include <fmt/format.h>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"
#include "kernels/stats/tensor_stats_layout.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "tensor_stats";

}  // namespace

TensorStatsPlan::TensorStatsPlan(Stream& stream, std::span<const TensorView> views)
    : layout_(std::make_unique<TensorStatsLayout>(stream, views)) {}
TensorStatsPlan::~TensorStatsPlan() = default;
TensorStatsPlan::TensorStatsPlan(TensorStatsPlan&&) noexcept = default;
TensorStatsPlan& TensorStatsPlan::operator=(TensorStatsPlan&&) noexcept = default;

std::int64_t TensorStatsPlan::size() const {
  return layout_->size();
}

std::int64_t TensorStatsPlan::element_count() const {
  return layout_->element_count();
}

void TensorStatsPlan::set_data(Stream& stream, std::span<const void* const> data) {
  layout_->set_data(stream, data);
}

void tensor_stats(Stream& stream, TensorStatsPlan& plan, const VectorView<TensorStats>& out) {
  plan.layout().check_stream(stream);
  validate::readable(kOp, "out", out);
  if (out.count != plan.record_count()) {
    validate::fail(kOp, fmt::format("out has {} records, a plan of {} tensors needs {}", out.count,
                                    plan.size(), plan.record_count()));
  }
  run_kernel(stream, kOp, TensorStatsPass{plan.layout(), out});
}

}  // namespace gradvitals
