#include "kernels/stats/tensor_dots.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"
#include "kernels/stats/tensor_dots_chunks.h"

namespace gradvitals {
namespace {

constexpr std::string_view kOp = "tensor_dots";

void check(std::size_t index, const TensorPair& pair) {
  const auto refuse = [index](std::string_view what) {
    validate::fail(kOp, fmt::format("pair {} {}", index, what));
  };
  if (pair.count < 0) refuse(fmt::format("has the count {}", pair.count));
  if (pair.count == 0) return;
  const std::int64_t size = size_in_bytes(pair.dtype);
  for (const void* const data : {pair.x, pair.y}) {
    if (data == nullptr) refuse(fmt::format("has {} elements and no data", pair.count));
    if (reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(size) != 0) {
      refuse(fmt::format("does not start at a multiple of its {} bytes per {}", size,
                         name(pair.dtype)));
    }
  }
}

void check_count(std::string_view argument, const VectorView<TensorDots>& view,
                 std::int64_t count) {
  validate::readable(kOp, argument, view);
  if (view.count == count) return;
  validate::fail(kOp, fmt::format("{} has {} records, not {}", argument, view.count, count));
}

void check_disjoint(const TensorDotsPass& pass) {
  const validate::Memory out = validate::memory("out", pass.out);
  const validate::Memory workspace = validate::memory("workspace", pass.workspace);
  validate::disjoint(kOp, out, workspace);
  for (const TensorPair& pair : pass.pairs) {
    if (pair.count == 0) continue;
    const std::int64_t bytes = pair.count * size_in_bytes(pair.dtype);
    validate::outputs_disjoint(
        kOp, {out, workspace},
        {{"the x of a pair", pair.x, bytes}, {"the y of a pair", pair.y, bytes}});
  }
}

}  // namespace

std::int64_t tensor_dots_workspace(std::span<const TensorPair> pairs) {
  std::int64_t chunks = 0;
  for (const TensorPair& pair : pairs) chunks += dots_chunks_of(pair.count);
  return chunks;
}

void tensor_dots(Stream& stream, const TensorDotsPass& pass) {
  for (std::size_t i = 0; i < pass.pairs.size(); ++i) check(i, pass.pairs[i]);
  check_count("out", pass.out, std::ssize(pass.pairs));
  check_count("workspace", pass.workspace, tensor_dots_workspace(pass.pairs));
  check_disjoint(pass);
  if (!pass.pairs.empty()) run_kernel(stream, kOp, pass);
}

}  // namespace gradvitals
