#include "app/named_paths.h"

#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <vector>

#include "app/command_line.h"
#include "framework/io/tensor_dump.h"

namespace gradvitals::app {
namespace {

bool is_one_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return std::filesystem::equivalent(a, b, ignored);
}

/// A terminal or a pipe: it takes what is written and keeps what there was.
bool holds_nothing(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) &&
         !std::filesystem::is_regular_file(path, ignored) &&
         !std::filesystem::is_directory(path, ignored);
}

std::vector<NamedPath> with_shards(std::span<const NamedPath> inputs) {
  std::vector<NamedPath> all;
  for (const NamedPath& input : inputs) {
    if (input.path.empty() || input.path == "-") continue;
    all.push_back(input);
    for (const std::string& shard : shard_files(input.path)) all.push_back({input.named_by, shard});
  }
  return all;
}

}  // namespace

std::string canonical_path(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path file =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
  return file.empty() ? path : file.native();
}

void check_paths(std::span<const NamedPath> outputs, std::span<const NamedPath> inputs) {
  const std::vector<NamedPath> read = with_shards(inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const NamedPath& output = outputs[i];
    if (output.path == "-" || holds_nothing(output.path)) continue;
    for (const NamedPath& other : outputs.first(i)) {
      const bool is_same = canonical_path(other.path) == canonical_path(output.path) ||
                           is_one_file(other.path, output.path);
      if (!is_same) continue;
      throw UsageError(
          fmt::format("{} and {} both write '{}'", other.named_by, output.named_by, output.path));
    }
    for (const NamedPath& input : read) {
      if (!is_one_file(input.path, output.path)) continue;
      throw UsageError(fmt::format("'{}' is read by {}, and {} would write over it", output.path,
                                   input.named_by, output.named_by));
    }
  }
}

}  // namespace gradvitals::app
