// Orders of samples. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/ops/random.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

/// Puts 0 to N - 1 into `order` (N) in the random order of the key, the same on every machine. N is
/// at most 2^32. `words` is working storage; the stream is of the cpu.
void shuffle_rows(Stream& stream, RandomKey key, std::span<std::int64_t> order,
                  std::vector<std::uint32_t>& words);

struct RowSplit {
  std::vector<std::int64_t> training;  ///< Ascending: what is looked up later is found in its file.
  std::vector<std::int64_t> held_out;  ///< Ascending.
};

/// Holds out `share` of 0 to rows - 1, rounded down; the seed decides which.
RowSplit split_rows(std::int64_t rows, double share, std::uint64_t seed);

}  // namespace gradvitals
