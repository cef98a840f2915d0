// Blocks: which tensors belong to which layer, where names alone tell ("blocks.7.mlp.weight").
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// Blocks that differ in one number of their names: "blocks.0.", "blocks.1.", ...
struct BlockFamily {
  struct Member {
    std::size_t index;        ///< of the name, among those given
    std::string_view suffix;  ///< what follows the number: ".mlp.weight"
  };

  std::string prefix;  ///< "blocks."
  /// By their numbers. Keras leaves the first one out: "dense" counts as 0 beside "dense_1".
  std::map<std::int64_t, std::vector<Member>> blocks;

  /// "blocks.7", "['Dense_7']"; "dense" for Keras' number 0. `block` is one of `blocks`.
  std::string name_of(std::int64_t block) const;
  bool first_is_unnumbered = false;
};

/// Every family of two blocks or more, the one with most blocks first. A name belongs to as many
/// families as it has numbers. Views into `names` must outlive the result.
std::vector<BlockFamily> block_families(std::span<const std::string_view> names);

}  // namespace gradvitals
