#include "training/shuffle.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "framework/initializers.h"

namespace gradvitals {

// Fisher and Yates. A place below i + 1 is the high word of a product with a random word, with a
// bias of at most (i + 1) / 2^32.
void shuffle_rows(Stream& stream, RandomKey key, std::span<std::int64_t> order,
                  std::vector<std::uint32_t>& words) {
  words.resize(order.size());
  fill_bits(stream, {.key = key, .out = {words.data(), std::ssize(words)}});
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i-- > 1;) {
    std::swap(order[i], order[(std::uint64_t{words[i]} * (i + 1)) >> 32U]);
  }
}

RowSplit split_rows(std::int64_t rows, double share, std::uint64_t seed) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::vector<std::uint32_t> words;
  shuffle_rows(stream, random_key(seed, "training data/split"), order, words);
  const auto border =
      order.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(rows));
  RowSplit split{.training = {border, order.end()}, .held_out = {order.begin(), border}};
  std::ranges::sort(split.training);
  std::ranges::sort(split.held_out);
  return split;
}

}  // namespace gradvitals
