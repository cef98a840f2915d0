// Batches: which samples each step of a training sees.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/runtime/stream.h"

namespace gradvitals {

/// The samples in a new order in every epoch, cut into batches of one size: what is left at the end
/// of an order is not seen in that epoch. The batch of a step follows from (rows, batch, seed,
/// step) alone, on every machine.
class Batches {
 public:
  /// A batch of more samples than there are holds all. Throws std::invalid_argument for fewer than
  /// one row or a batch < 1, and for more than 2^32 rows.
  Batches(std::int64_t rows, std::int64_t batch, std::uint64_t seed);

  std::int64_t batch() const { return batch_; }
  std::int64_t steps_per_epoch() const { return rows_ / batch_; }
  std::int64_t epoch_of(std::int64_t step) const { return step / steps_per_epoch(); }

  /// Rows of the samples of a step, batch() of them. Valid until the next call.
  std::span<const std::int64_t> samples(std::int64_t step);

 private:
  void shuffle(std::int64_t epoch);

  std::int64_t rows_;
  std::int64_t batch_;
  std::uint64_t seed_;
  Stream stream_;            ///< Of the cpu, for the random numbers.
  std::int64_t epoch_ = -1;  ///< Of order_.
  std::vector<std::int64_t> order_;
  std::vector<std::uint32_t> words_;
};

}  // namespace gradvitals
