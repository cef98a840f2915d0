// The innermost part of tensor_stats on the cpu: the record of one chunk. Private to kernels/cpu.
#pragma once

#include <cstdint>

#include "kernels/dtype.h"
#include "kernels/tensor_stats.h"

namespace gradvitals::cpu {

/// The record of `count` elements, at most TensorStatsTable::kChunkElements, with one difference:
/// not only sum_squares but sum as well is of x * 2^-scale_exponent, so that chunks can be added
/// without overflow. Bitwise the same for every instruction set. `next` is where as many bytes are to
/// be read after these, so that they are under way; `data` where there is nothing.
TensorStats chunk_stats(DType dtype, const void* data, std::int64_t count, const void* next);

}  // namespace gradvitals::cpu
