#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "framework/io/shard_index.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {
namespace {

/// No file name leads out of the folder of the index.
void check_file_name(const std::string& file) {
  const std::filesystem::path name(file);
  require(!file.empty() && file.find('\0') == std::string::npos, "no file name");
  require(name.is_relative(), "an absolute file name");
  require(std::ranges::find(name, std::filesystem::path("..")) == name.end(), "leaves the folder");
  require(name.lexically_normal().string() == file, "one file by two names");
}

/// What was read can be written, and then reads the same.
void check_round_trip(const ShardIndex& index) {
  auto map = nlohmann::json::object();
  for (const auto& [file, tensors] : index.shards) {
    for (const std::string& tensor : tensors) map[tensor] = file;
  }
  const nlohmann::json written{{"metadata", index.metadata}, {"weight_map", map}};
  const ShardIndex again = parse_shard_index(written.dump(), "written");
  require(again.shards == index.shards, "shards changed");
  require(again.metadata == index.metadata, "metadata changed");
}

}  // namespace

void fuzz_shard_index(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  read_or_refuse("fuzz: ", [&] {
    const ShardIndex index = parse_shard_index(text, "fuzz");
    std::set<std::string> seen;
    for (const auto& [file, tensors] : index.shards) {
      check_file_name(file);
      require(!tensors.empty(), "a shard without a tensor");
      for (const std::string& tensor : tensors) {
        require(seen.insert(tensor).second, "a tensor in two shards");
      }
    }
    require(seen.size() + index.metadata.size() <= text.size(), "more names than bytes");
    check_round_trip(index);
  });
}

}  // namespace gradvitals::test
