#include "training/batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "framework/initializers.h"
#include "training/shuffle.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kMostRows = std::int64_t{1} << 32;  // A place is drawn from 32 random bits.

std::int64_t checked_batch(std::int64_t rows, std::int64_t batch) {
  if (rows < 1 || rows > kMostRows) {
    throw std::invalid_argument(
        fmt::format("Batches: there are {} samples, not from 1 to 2^32", rows));
  }
  if (batch < 1) {
    throw std::invalid_argument(fmt::format("Batches: batch is {}, not 1 or more", batch));
  }
  return std::min(rows, batch);
}

}  // namespace

Batches::Batches(std::int64_t rows, std::int64_t batch, std::uint64_t seed)
    : rows_(rows),
      batch_(checked_batch(rows, batch)),
      seed_(seed),
      stream_({.device = DeviceType::kCpu, .threads = 1}),
      order_(static_cast<std::size_t>(rows)) {}

std::span<const std::int64_t> Batches::samples(std::int64_t step) {
  if (step < 0) {
    throw std::invalid_argument(fmt::format("Batches: step is {}, not 0 or more", step));
  }
  if (epoch_of(step) != epoch_) shuffle(epoch_of(step));
  const std::int64_t first = step % steps_per_epoch() * batch_;
  return std::span(order_).subspan(static_cast<std::size_t>(first),
                                   static_cast<std::size_t>(batch_));
}

void Batches::shuffle(std::int64_t epoch) {
  shuffle_rows(stream_, random_key(seed_, fmt::format("batches/epoch {}", epoch)), order_, words_);
  epoch_ = epoch;
}

}  // namespace gradvitals
