// Two ops that follow each other are joined where a layer lies at or before the one and at or after
// the other: a gradient that passes between them passes between layers.
#include "framework/layer_places.h"

#include <algorithm>
#include <cstddef>

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
      at(op).is_fed = link.is_layer || std::ranges::any_of(link.sources, [this](int source) {
                        return source != kNowhere && at(source).is_fed;
                      });
    }
    for (int op = static_cast<int>(std::ssize(ops)) - 1; op >= 0; --op) {
      const TapeLink& link = ops[static_cast<std::size_t>(op)];
      if (link.is_layer) ++at(op).layers_to_come;
      if (at(op).layers_to_come > 0) join_to_sources(op, link);
    }
  }

  Node& at(int op) { return nodes_[static_cast<std::size_t>(op)]; }

  Node& first_of_network(int op) { return at(first_of(op)); }

 private:
  int first_of(int op) {
    while (at(op).joined_to != op) {
      // Past the next one, so that the way is shorter the next time.
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
      const auto [first, second] = std::minmax({first_of(source), first_of(op)});
      at(second).joined_to = first;
    }
  }

  std::vector<Node> nodes_;
};

}  // namespace

std::vector<LayerPlace> layer_places(std::span<const TapeLink> ops) {
  Nodes nodes(ops);
  int networks = 0;
  for (int op = 0; op < std::ssize(ops); ++op) {
    if (!ops[static_cast<std::size_t>(op)].is_layer) continue;
    Node& first = nodes.first_of_network(op);
    if (first.network < 0) first.network = networks++;
    first.layers = std::max(first.layers, nodes.at(op).layers_to_come);
  }
  std::vector<LayerPlace> places;
  for (int op = 0; op < std::ssize(ops); ++op) {
    if (!ops[static_cast<std::size_t>(op)].is_layer) continue;
    const Node& first = nodes.first_of_network(op);
    places.push_back({first.layers - nodes.at(op).layers_to_come, first.network});
  }
  return places;
}

}  // namespace gradvitals
