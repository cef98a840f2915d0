// Consecutive ops are joined if there is a layer at or before the first and one at or after the second:
// a gradient between them then passes between layers.
#include "framework/layer_places.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>

namespace gradvitals {
namespace {

constexpr int kNowhere = TapeLink::kNowhere;

struct Node {
  bool is_fed = false;     // It is a layer, or takes what one gives.
  int layers_to_come = 0;  // On the longest way on from here, itself included.
  int joined_to = 0;       // An op of the same network; itself for the first of it.
  int network = -1;        // Of the first: the network's number,
  int layers = 0;          // and the layers on its longest way.
};

class Nodes {
 public:
  explicit Nodes(std::span<const TapeLink> ops) : nodes_(ops.size()) {
    for (int op = 0; op < std::ssize(ops); ++op) {
      const TapeLink& link = ops[static_cast<std::size_t>(op)];
      at(op).joined_to = op;
      at(op).is_fed = link.is_layer() || std::ranges::any_of(link.sources, [this](int source) {
                        return source != kNowhere && at(source).is_fed;
                      });
    }
    for (int op = static_cast<int>(std::ssize(ops)) - 1; op >= 0; --op) {
      const TapeLink& link = ops[static_cast<std::size_t>(op)];
      if (link.is_layer()) ++at(op).layers_to_come;
      if (at(op).layers_to_come > 0) join_to_sources(op, link);
    }
    join_sharing(ops);
  }

  Node& at(int op) { return nodes_[static_cast<std::size_t>(op)]; }

  Node& first_of_network(int op) { return at(first_of(op)); }

 private:
  int first_of(int op) {
    while (at(op).joined_to != op) {
      // Path halving.
      at(op).joined_to = at(at(op).joined_to).joined_to;
      op = at(op).joined_to;
    }
    return op;
  }

  void join_to_sources(int op, const TapeLink& link) {
    for (const int source : link.sources) {
      if (source == kNowhere) continue;
      at(source).layers_to_come = std::max(at(source).layers_to_come, at(op).layers_to_come);
      if (!at(source).is_fed) continue;
      join(source, op);
    }
  }

  // Layers with one kernel have one gradient, which cannot be of two networks.
  void join_sharing(std::span<const TapeLink> ops) {
    std::unordered_map<const void*, int> first_with;
    for (int op = 0; op < std::ssize(ops); ++op) {
      const TapeLink& link = ops[static_cast<std::size_t>(op)];
      if (link.is_layer()) join(first_with.try_emplace(link.kernel, op).first->second, op);
    }
  }

  void join(int a, int b) {
    const auto [first, second] = std::minmax({first_of(a), first_of(b)});
    at(second).joined_to = first;
  }

  std::vector<Node> nodes_;
};

/// The network of an op without one: that of its inputs, if they share one.
int network_of_sources(const TapeLink& link, const std::vector<LayerPlace>& places) {
  int network = -1;
  for (const int source : link.sources) {
    if (source == kNowhere) continue;
    const int fed_by = places[static_cast<std::size_t>(source)].network;
    if (fed_by < 0) continue;
    if (network >= 0 && network != fed_by) return -1;
    network = fed_by;
  }
  return network;
}

}  // namespace

std::vector<LayerPlace> layer_places(std::span<const TapeLink> ops) {
  Nodes nodes(ops);
  int networks = 0;
  for (int op = 0; op < std::ssize(ops); ++op) {
    if (!ops[static_cast<std::size_t>(op)].is_layer()) continue;
    Node& first = nodes.first_of_network(op);
    if (first.network < 0) first.network = networks++;
    first.layers = std::max(first.layers, nodes.at(op).layers_to_come);
  }
  std::vector<LayerPlace> places;
  for (int op = 0; op < std::ssize(ops); ++op) {
    const TapeLink& link = ops[static_cast<std::size_t>(op)];
    const Node& first = nodes.first_of_network(op);
    LayerPlace& place = places.emplace_back();
    place.network = first.network >= 0 ? first.network : network_of_sources(link, places);
    if (link.is_layer()) place.layer = first.layers - nodes.at(op).layers_to_come;
  }
  return places;
}

}  // namespace gradvitals
