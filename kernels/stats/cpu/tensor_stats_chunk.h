// The innermost part of tensor_stats on the cpu: the record of one chunk. Private to kernels/cpu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/runtime/dtype.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals::cpu {

/// The record of `count` elements, at most TensorStatsTable::kChunkElements, with one difference:
/// not only sum_squares but sum as well is of x * 2^-scale_exponent, so that chunks can be added
/// without overflow. Bitwise the same for every instruction set. `next` is what will be read after
/// these: it is asked for meanwhile.
TensorStats chunk_stats(DType dtype, const void* data, std::int64_t count,
                        std::span<const std::byte> next);

}  // namespace gradvitals::cpu
