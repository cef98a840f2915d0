#include "benchmarks/host_roofline.h"

namespace gradvitals {
namespace {

/// 256 bytes of independent results, so that none waits for another.
constexpr std::int64_t kBlock = 32;

std::uint64_t combine(const std::uint64_t (&words)[kBlock]) {
  std::uint64_t all = 0;
  for (const std::uint64_t word : words) all ^= word;
  return all;
}

/// What whole blocks leave.
std::uint64_t read_rest(const std::uint64_t* words, std::int64_t from, std::int64_t count) {
  std::uint64_t all = 0;
  for (std::int64_t i = from; i < count; ++i) all ^= words[i];
  return all;
}

std::uint64_t read_forward(const std::uint64_t* words, std::int64_t count) {
  std::uint64_t sums[kBlock] = {};
  std::int64_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    for (std::int64_t k = 0; k < kBlock; ++k) sums[k] ^= words[i + k];
  }
  return combine(sums) ^ read_rest(words, i, count);
}

/// Prefetches across page boundaries, where the hardware prefetcher stops.
std::uint64_t read_prefetched(const std::uint64_t* words, std::int64_t count) {
  constexpr std::int64_t kAhead = 512;  // Words, 4 KB: further and nearer were no faster.
  constexpr std::int64_t kLine = 8;
  std::uint64_t sums[kBlock] = {};
  std::int64_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    for (std::int64_t line = 0; line < kBlock; line += kLine) {
      __builtin_prefetch(words + i + kAhead + line);
    }
    for (std::int64_t k = 0; k < kBlock; ++k) sums[k] ^= words[i + k];
  }
  return combine(sums) ^ read_rest(words, i, count);
}

/// Four places at a time: more requests are on their way than one place allows.
std::uint64_t read_4_places(const std::uint64_t* words, std::int64_t count) {
  constexpr std::int64_t kPart = kBlock / 4;
  const std::int64_t length = count / kBlock * kPart;
  std::uint64_t sums[kPart] = {};
  for (std::int64_t i = 0; i < length; i += kPart) {
    const std::uint64_t* const from = words + i;
    for (std::int64_t k = 0; k < kPart; ++k) {
      sums[k] ^= from[k] ^ from[length + k] ^ (from[2 * length + k] ^ from[3 * length + k]);
    }
  }
  std::uint64_t all = read_rest(words, 4 * length, count);
  for (const std::uint64_t sum : sums) all ^= sum;
  return all;
}

}  // namespace

std::span<const ReadLoop> read_loops() {
  static constexpr ReadLoop kLoops[] = {{"read_forward", read_forward},
                                        {"read_prefetched", read_prefetched},
                                        {"read_4_places", read_4_places}};
  return kLoops;
}

}  // namespace gradvitals
