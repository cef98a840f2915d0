// Layer places: which layers of a tape are one network, and which layer of it each is.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "framework/operation.h"

namespace gradvitals {

/// An op on a tape, as networks see it.
struct TapeLink {
  static constexpr int kNowhere = -1;

  /// Positions of the ops that its inputs come from; kNowhere for what no op made.
  std::array<int, Operation::kMaxInputs> sources{kNowhere, kNowhere, kNowhere};
  bool is_layer = false;

  bool operator==(const TapeLink&) const = default;
};

/// As in TensorView.
struct LayerPlace {
  int layer = -1;
  int network = 0;
};

/// The place of every layer among the ops, which come in the order of the tape. Tape::views() says
/// what a network is.
std::vector<LayerPlace> layer_places(std::span<const TapeLink> ops);

}  // namespace gradvitals
