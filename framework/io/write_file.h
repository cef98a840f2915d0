// write_file: content to wherever a path leads.
#pragma once

#include <filesystem>
#include <string_view>

#include "framework/io/replace_file.h"

namespace gradvitals {

/// Writes the content of `target`. A regular file is replaced by replace_file(), whole or not at all,
/// and keeps its permissions; one that is write-protected is refused. Behind a symbolic link, that is
/// the file that it names. What is there and no regular file (a device, a pipe) is written in place,
/// and a descriptor of this process (/dev/stdout) where it stands.
/// Throws std::system_error.
void write_file(const std::filesystem::path& target, std::string_view content);
/// The same of content that is not in memory.
void write_file(const std::filesystem::path& target, const FileContent& content);

/// Throws the std::system_error of write_file() where it can be foreseen: the folder is missing or may
/// not be written, or what is there is a folder or write-protected. Changes nothing.
void check_writable(const std::filesystem::path& target);

/// The same of a folder to be made, with those above it, and filled: what is there is no folder, or may
/// not be written.
void check_writable_folder(const std::filesystem::path& folder);

}  // namespace gradvitals
