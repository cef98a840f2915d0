// The positions of a schedule whose threads can go on.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace gradvitals::sim {

/// CUDA's limit.
inline constexpr std::uint32_t kMaxBlockThreads = 1024;

/// A set of positions below kMaxBlockThreads that finds the next one in few steps: a thread that
/// waits is left for the next one more often than anything else happens.
class ReadySet {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  void insert(std::uint32_t position) { words_[position / kBits] |= bit(position); }
  void erase(std::uint32_t position) { words_[position / kBits] &= ~bit(position); }

  /// The first member behind `position`, from the start again at the end, itself last; kNone in an
  /// empty set.
  std::uint32_t next_after(std::uint32_t position) const {
    const std::uint32_t from = (position + 1) % kMaxBlockThreads;
    // The word of `from` is read twice: first for the bits after it, at the end for those before it.
    std::uint64_t word = words_[from / kBits] & (~std::uint64_t{0} << (from % kBits));
    for (std::uint32_t step = 0; step <= kWords; ++step) {
      const std::uint32_t index = (from / kBits + step) % kWords;
      if (step > 0) word = words_[index];
      if (word != 0) return index * kBits + static_cast<std::uint32_t>(std::countr_zero(word));
    }
    return kNone;
  }

 private:
  static constexpr std::uint32_t kBits = 64;
  static constexpr std::uint32_t kWords = kMaxBlockThreads / kBits;

  static std::uint64_t bit(std::uint32_t position) {
    return std::uint64_t{1} << (position % kBits);
  }

  std::uint64_t words_[kWords] = {};
};

}  // namespace gradvitals::sim
