#include "kernels/ops/elementwise.h"

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

using validate::memory;

template <class Op>
void check(std::string_view name, const Op& op) {
  validate::readable(name, "a", op.a);
  validate::fits(name, "b", op.b, "a", op.a);
  validate::fits(name, "out", op.out, "a", op.a);
  validate::in_place_or_disjoint(name, memory("out", op.out), memory("a", op.a));
  validate::in_place_or_disjoint(name, memory("out", op.out), memory("b", op.b));
}

}  // namespace

template <class T>
void add(Stream& stream, const Add<T>& op) {
  check("add", op);
  run_kernel(stream, "add", op);
}

template <class T>
void multiply(Stream& stream, const Multiply<T>& op) {
  check("multiply", op);
  run_kernel(stream, "multiply", op);
}

template void add(Stream&, const Add<float>&);
template void add(Stream&, const Add<double>&);
template void multiply(Stream&, const Multiply<float>&);
template void multiply(Stream&, const Multiply<double>&);

}  // namespace gradvitals
