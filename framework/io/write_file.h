// write_file: content to wherever a path leads.
#pragma once

#include <filesystem>
#include <string_view>

namespace gradvitals {

/// Writes the content of `target`. A regular file is replaced by replace_file(), whole or not at all,
/// and keeps its permissions; one that is write-protected is refused. Behind a symbolic link, that is
/// the file that it names. What is there and no regular file (a device, a pipe) is written in place.
/// Throws std::system_error.
void write_file(const std::filesystem::path& target, std::string_view content);

}  // namespace gradvitals
