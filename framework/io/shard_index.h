// The index of a model in several safetensors files ("shards"), as Hugging Face writes it. Internal.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// The index of a model of 100,000 tensors takes some 10 MB.
inline constexpr std::size_t kMaxIndexBytes = std::size_t{64} << 20;

struct ShardIndex {
  /// File names relative to the index, and the tensors that each holds. No name leaves the folder
  /// of the index.
  std::map<std::string, std::vector<std::string>> shards;
  /// Texts as they are, numbers as they are written; lists of texts one a line.
  std::map<std::string, std::string> metadata;
};

/// Throws InputError naming the path and the tensor or key at fault for what is no JSON, has no
/// "weight_map" of names, or names a file outside the folder of the index (absolute, or by "..").
ShardIndex parse_shard_index(std::string_view json, const std::string& path);

}  // namespace gradvitals
