// Layer places: the network of every op of a tape, and its layer number there.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "framework/operation.h"

namespace gradvitals {

/// An op on a tape as a node of the graph.
struct TapeLink {
  static constexpr int kNowhere = -1;

  /// Positions of the ops that its inputs come from; kNowhere for what no op made.
  std::array<int, Operation::kMaxInputs> sources{kNowhere, kNowhere, kNowhere};
  const void* kernel = nullptr;  ///< A layer's: its address tells which layers share it. Else null.

  bool is_layer() const { return kernel != nullptr; }
  bool operator==(const TapeLink&) const = default;
};
static_assert(Operation::kMaxInputs == 3, "TapeLink::sources begins with that many kNowhere");

/// As in TensorView.
struct LayerPlace {
  int layer = -1;
  int network = -1;
};

/// The place of every op, in the order of the tape. Ops that are no layers have only a network, or none
/// before the first layer and where networks meet. Tape::views() defines networks.
std::vector<LayerPlace> layer_places(std::span<const TapeLink> ops);

}  // namespace gradvitals
