// The innermost part of tensor_stats on the cpu: the record of one chunk. Private to kernels/stats/cpu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/runtime/dtype.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals::cpu {

/// The part (partial_stats.h) that `count` elements are, at most TensorStatsLayout::kChunkElements.
/// Bitwise the same for every instruction set. `next` is the data that is read next, to be prefetched.
TensorStats chunk_stats(DType dtype, const void* data, std::int64_t count,
                        std::span<const std::byte> next);

}  // namespace gradvitals::cpu
