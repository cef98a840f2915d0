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

/// The place of every op, which come in the order of the tape: of what is no layer the network
/// alone, and not even that before the first layer or where networks meet. Tape::views() says what
/// a network is.
std::vector<LayerPlace> layer_places(std::span<const TapeLink> ops);

}  // namespace gradvitals
