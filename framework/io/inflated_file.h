// Whole files in memory, decompressed where they are compressed.
#pragma once

#include <cstdint>
#include <string>

namespace gradvitals {

/// What a file may hold when decompressed: a few kilobytes of gzip can claim terabytes.
inline constexpr std::int64_t kMaxInflatedBytes = std::int64_t{256} << 20;

/// The bytes of a file or pipe, gzip or plain (told by content, not by name). Throws InputError
/// naming the file where it is missing, a directory, unreadable, damaged or cut short in its
/// compressed data, or holds more than max_bytes.
std::string read_inflated(const std::string& path, std::int64_t max_bytes = kMaxInflatedBytes);

/// The same of what standard input still gives, which messages call "standard input".
std::string read_inflated_standard_input(std::int64_t max_bytes = kMaxInflatedBytes);

}  // namespace gradvitals
