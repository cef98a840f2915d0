#include "training/shuffle.h"

#include <numeric>
#include <utility>

namespace gradvitals {

// Fisher and Yates. A place below i + 1 is the high word of a product with a random word, with a bias of
// at most (i + 1) / 2^32.
void shuffle_rows(Stream& stream, RandomKey key, std::span<std::int64_t> order,
                  std::vector<std::uint32_t>& words) {
  words.resize(order.size());
  fill_bits(stream, {.key = key, .out = {words.data(), std::ssize(words)}});
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i-- > 1;) {
    std::swap(order[i], order[(std::uint64_t{words[i]} * (i + 1)) >> 32U]);
  }
}

}  // namespace gradvitals
