// Paths of a command line: what is read, what is written, and that nothing is lost between them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gradvitals::app {

/// A path, and the option or argument that names it.
struct NamedPath {
  std::string_view named_by;
  std::string path;
};

/// The path without what makes one file look like two: "a.svg" and "./a.svg".
std::string canonical_path(const std::string& path);

/// Throws UsageError where two outputs are one file, and where an output is a file that is read, under
/// whatever name: links are the files they lead to, and shards of an index are read with it.
void check_paths(std::span<const NamedPath> outputs, std::span<const NamedPath> inputs);

}  // namespace gradvitals::app
