// How fast the CPU reads and copies memory when it does nothing else.
#pragma once

#include <cstdint>
#include <span>

namespace gradvitals {

/// All of `count` words combined, so that none is left unread.
struct ReadLoop {
  const char* name;
  std::uint64_t (*read)(const std::uint64_t* words, std::int64_t count);
};

/// Which loop is fastest depends on the CPU and the size: the roofline is the best of them.
std::span<const ReadLoop> read_loops();

}  // namespace gradvitals
