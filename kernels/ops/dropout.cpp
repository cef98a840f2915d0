#include "kernels/ops/dropout.h"

#include <string>
#include <string_view>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

using validate::memory;

constexpr std::string_view kNextMask = "next_mask";
constexpr std::string_view kApplyMask = "apply_mask";

template <class View>
void check_one(std::string_view name, std::string_view argument, const View& view) {
  validate::readable(name, argument, view);
  if (view.count != 1) {
    validate::fail(name, validate::text(validate::shape(argument, view)) + " is not one element");
  }
}

}  // namespace

void next_mask(Stream& stream, const NextMask& op) {
  check_one(kNextMask, "counter", op.counter);
  check_one(kNextMask, "mask", op.mask);
  validate::disjoint(kNextMask, memory("mask", op.mask), memory("counter", op.counter));
  run_kernel(stream, kNextMask, op);
}

template <class T>
void apply_mask(Stream& stream, const ApplyMask<T>& op) {
  check_one(kApplyMask, "mask", op.mask);
  validate::readable(kApplyMask, "x", op.x);
  validate::fits(kApplyMask, "y", op.y, "x", op.x);
  validate::in_place_or_disjoint(kApplyMask, memory("y", op.y), memory("x", op.x));
  validate::disjoint(kApplyMask, memory("y", op.y), memory("mask", op.mask));
  if (!(op.rate >= 0.0 && op.rate < 1.0)) {
    validate::fail(kApplyMask, "rate is " + std::to_string(op.rate) + ", not in [0, 1)");
  }
  run_kernel(stream, kApplyMask, op);
}

template void apply_mask(Stream&, const ApplyMask<float>&);
template void apply_mask(Stream&, const ApplyMask<double>&);

}  // namespace gradvitals
