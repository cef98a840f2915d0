// What the name of a parameter says, in the spelling of any framework. Internal.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace gradvitals {

/// The layer that a parameter belongs to, as far as its name tells: kernel and bias of one layer have
/// equal keys, whatever the key says. Points into the name.
struct LayerKey {
  std::string_view scope;  ///< "enc.0." of "enc.0.weight", "['Dense_0'][" of "['Dense_0']['bias']"
  std::string_view label;  ///< "1" of "W1" and "b1", "h1" of "h1_w" and "h1_b"; else empty

  auto operator<=>(const LayerKey&) const = default;
};

LayerKey layer_key(std::string_view name);

/// "enc.0.weight", "W1", "['Dense_0']['kernel']".
bool says_kernel(std::string_view name);

/// "enc.0.bias", "b1", "['Dense_0']['bias']".
bool says_bias(std::string_view name);

/// "embed_tokens.weight", "transformer.wte.weight", "lookup/table": rows that are words, codes or
/// items, of which a batch holds some.
bool says_embedding(std::string_view name);

/// "mlp.experts.3.w1", "moe/experts/kernel": of one expert, or of all of them stacked.
bool says_experts(std::string_view name);

/// "mlp.experts.*.w1" of "mlp.experts.3.w1": what the experts of one kind share. Empty for names that
/// are not of one expert.
std::string expert_kind(std::string_view name);

}  // namespace gradvitals
