#include "kernels/ops/dropout.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/ops/dropout_mask.h"
#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cpu {
namespace {

/// Counters worth a thread: one takes about 10 ns, waking a thread some 10 us.
constexpr std::int64_t kGrain = 4096;

void next_mask(CpuBackend&, const NextMask& op) {
  *op.mask.data = mask_of(op.key, (*op.counter.data)++);
}

template <class T>
void apply_mask(CpuBackend& backend, const ApplyMask<T>& op) {
  const RandomKey mask = *op.mask.data;
  const KeptOrDropped<T> kept(op.rate);
  const std::int64_t counters = (op.x.count + kMaskWords - 1) / kMaskWords;
  backend.pool().parallel_ranges(counters, kGrain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t counter = first; counter < last; ++counter) {
      const PhiloxBlock block = random_block(mask, static_cast<std::uint64_t>(counter));
      const std::int64_t begin = counter * kMaskWords;
      const std::int64_t end = std::min(op.x.count, begin + kMaskWords);
      for (std::int64_t i = begin; i < end; ++i) {
        op.y.data[i] = op.x.data[i] * kept.factor(block.word[i - begin]);
      }
    }
  });
}

const KernelsOf<next_mask, apply_mask<float>, apply_mask<double>> registered;

}  // namespace
}  // namespace gradvitals::cpu
