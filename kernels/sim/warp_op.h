// The operations of a warp: requests of its lanes, and their results.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gradvitals::sim {

inline constexpr int kWarpLanes = 32;

enum class WarpOp : std::uint8_t {
  kSync,
  kShuffle,
  kShuffleUp,
  kShuffleDown,
  kShuffleXor,
  kBallot,
  kReduceAdd,
  kReduceMin,
  kReduceMax,
  kReduceAnd,
  kReduceOr,
  kReduceXor,
};

/// CUDA's name: "__shfl_down_sync".
std::string_view name(WarpOp op);

struct WarpRequest {
  WarpOp op = WarpOp::kSync;
  std::uint32_t mask = 0;
  /// Bits of the lane's value: an integer widened to 64 bits with its sign, else the value's own.
  std::uint64_t value = 0;
  int operand = 0;         ///< A shuffle's source lane, distance or lane mask.
  int width = kWarpLanes;  ///< Lanes that a shuffle treats as a warp of its own.
};

constexpr bool names(std::uint32_t mask, int lane) {
  return ((mask >> lane) & 1u) != 0;
}

using WarpRequests = std::array<const WarpRequest*, kWarpLanes>;
using WarpResults = std::array<std::uint64_t, kWarpLanes>;

/// Results of the lanes in the mask, all of which request the same op. A shuffle from a
/// lane outside of the mask, undefined on a GPU, gives 0xFF bytes.
WarpResults evaluate(std::uint32_t mask, const WarpRequests& requests);

}  // namespace gradvitals::sim
