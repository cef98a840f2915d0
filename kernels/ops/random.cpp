#include "kernels/ops/random.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/runtime/dtype.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

constexpr std::string_view kBits = "fill_bits";
constexpr std::string_view kUniform = "fill_uniform";
constexpr std::string_view kNormal = "fill_normal";

template <class T>
void finite(std::string_view op, std::string_view argument, double value) {
  if (!std::isfinite(static_cast<T>(value))) {
    validate::fail(op,
                   fmt::format("{} {} is not finite in {}", argument, value, name(kDTypeOf<T>)));
  }
}

}  // namespace

void fill_bits(Stream& stream, const FillBits& op) {
  validate::readable(kBits, "out", op.out);
  run_kernel(stream, "fill_bits", op);
}

template <class T>
void fill_uniform(Stream& stream, const FillUniform<T>& op) {
  validate::readable(kUniform, "out", op.out);
  finite<T>(kUniform, "low", op.low);
  finite<T>(kUniform, "high", op.high);
  if (op.low > op.high) {
    validate::fail(kUniform, fmt::format("low {} is above high {}", op.low, op.high));
  }
  finite<T>(kUniform, "high - low", op.high - op.low);
  run_kernel(stream, "fill_uniform", op);
}

template <class T>
void fill_normal(Stream& stream, const FillNormal<T>& op) {
  validate::readable(kNormal, "out", op.out);
  finite<float>(kNormal, "mean", op.mean);
  finite<float>(kNormal, "stddev", op.stddev);
  if (op.stddev < 0) validate::fail(kNormal, fmt::format("stddev {} is below 0", op.stddev));
  run_kernel(stream, "fill_normal", op);
}

template void fill_uniform(Stream&, const FillUniform<float>&);
template void fill_uniform(Stream&, const FillUniform<double>&);
template void fill_normal(Stream&, const FillNormal<float>&);
template void fill_normal(Stream&, const FillNormal<double>&);

}  // namespace gradvitals
