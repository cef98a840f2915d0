#include "kernels/backend.h"

#include <fmt/format.h>

#include "kernels/validate.h"

namespace gradvitals {
namespace {

[[noreturn]] void refuse_float64(std::string_view op, const Backend& backend) {
  validate::fail(
      op, fmt::format("float64 is not computed on device {}, use cpu", name(backend.device())));
}

}  // namespace

// clang-format off
void Backend::gemm(const Gemm<double>&) { refuse_float64("gemm", *this); }
void Backend::dense_forward(const DenseForward<double>&) { refuse_float64("dense_forward", *this); }
void Backend::dense_backward(const DenseBackward<double>&) { refuse_float64("dense_backward", *this); }
void Backend::activation_forward(const ActivationForward<double>&) { refuse_float64("activation_forward", *this); }
void Backend::activation_backward(const ActivationBackward<double>&) { refuse_float64("activation_backward", *this); }
void Backend::add(const Add<double>&) { refuse_float64("add", *this); }
void Backend::multiply(const Multiply<double>&) { refuse_float64("multiply", *this); }
void Backend::loss_forward(const LossForward<double>&) { refuse_float64("loss_forward", *this); }
void Backend::loss_backward(const LossBackward<double>&) { refuse_float64("loss_backward", *this); }
void Backend::sgd_update(const SgdUpdate<double>&) { refuse_float64("sgd_update", *this); }
void Backend::momentum_update(const MomentumUpdate<double>&) { refuse_float64("momentum_update", *this); }
void Backend::adam_update(const AdamUpdate<double>&) { refuse_float64("adam_update", *this); }
void Backend::fill_uniform(const FillUniform<double>&) { refuse_float64("fill_uniform", *this); }
void Backend::fill_normal(const FillNormal<double>&) { refuse_float64("fill_normal", *this); }
// clang-format on

}  // namespace gradvitals
