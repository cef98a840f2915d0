#include "kernels/sim/warp_op.h"

#include <algorithm>
#include <bit>

namespace gradvitals::sim {
namespace {

constexpr std::array<std::string_view, 12> kNames = {
    "__syncwarp",        "__shfl_sync",       "__shfl_up_sync",    "__shfl_down_sync",
    "__shfl_xor_sync",   "__ballot_sync",     "__reduce_add_sync", "__reduce_min_sync",
    "__reduce_max_sync", "__reduce_and_sync", "__reduce_or_sync",  "__reduce_xor_sync"};

constexpr std::uint64_t kPoison = ~std::uint64_t{0};

/// The lane whose value `lane` gets; itself where the source lies outside of its part of the warp.
int source_lane(const WarpRequest& request, int lane) {
  const int first = lane & ~(request.width - 1);
  const int end = first + request.width;
  int source = lane;
  switch (request.op) {
    case WarpOp::kShuffle:
      return first + (request.operand & (request.width - 1));
    case WarpOp::kShuffleUp:
      source = lane - request.operand;
      return source < first ? lane : source;
    case WarpOp::kShuffleDown:
      source = lane + request.operand;
      return source >= end ? lane : source;
    default:  // Towards lower parts of the warp an exclusive or may leave its own.
      source = (lane ^ request.operand) & (kWarpLanes - 1);
      return source >= end ? lane : source;
  }
}

std::uint64_t combine(WarpOp op, std::uint64_t a, std::uint64_t b) {
  const auto signed_a = static_cast<std::int64_t>(a);
  const auto signed_b = static_cast<std::int64_t>(b);
  switch (op) {
    case WarpOp::kReduceAdd:
      return a + b;
    case WarpOp::kReduceMin:
      return static_cast<std::uint64_t>(std::min(signed_a, signed_b));
    case WarpOp::kReduceMax:
      return static_cast<std::uint64_t>(std::max(signed_a, signed_b));
    case WarpOp::kReduceAnd:
      return a & b;
    case WarpOp::kReduceXor:
      return a ^ b;
    default:
      return a | b;
  }
}

/// One value for all: the ballot, or the reduction over the lanes of the mask.
std::uint64_t common_result(WarpOp op, std::uint32_t mask, const WarpRequests& requests) {
  std::uint64_t result = 0;
  bool is_first = true;
  for (int lane = 0; lane < kWarpLanes; ++lane) {
    if (!names(mask, lane)) continue;
    const std::uint64_t value = requests[static_cast<std::size_t>(lane)]->value;
    const std::uint64_t term = op == WarpOp::kBallot ? value << lane : value;
    result = is_first ? term : combine(op, result, term);
    is_first = false;
  }
  return result;
}

}  // namespace

std::string_view name(WarpOp op) {
  return kNames[static_cast<std::size_t>(op)];
}

WarpResults evaluate(std::uint32_t mask, const WarpRequests& requests) {
  WarpResults results{};
  const WarpOp op = requests[static_cast<std::size_t>(std::countr_zero(mask))]->op;
  if (op == WarpOp::kSync) return results;
  if (op >= WarpOp::kBallot) {
    results.fill(common_result(op, mask, requests));
    return results;
  }
  for (int lane = 0; lane < kWarpLanes; ++lane) {
    if (!names(mask, lane)) continue;
    const auto index = static_cast<std::size_t>(lane);
    const int source = source_lane(*requests[index], lane);
    results[index] =
        names(mask, source) ? requests[static_cast<std::size_t>(source)]->value : kPoison;
  }
  return results;
}

}  // namespace gradvitals::sim
