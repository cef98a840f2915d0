// Texts that the writers for machines share. Internal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gradvitals {

/// Valid UTF-8 of any characters: bytes that are no UTF-8 become U+FFFD.
std::string valid_utf8(std::string_view text);

/// The text, or its first characters and "..." where it is longer: no more than that many bytes, and no
/// character in part.
std::string abridged(std::string_view text, std::size_t most_bytes);

/// The shortest form that reads back to the same double; "nan" (without a sign), "inf", "-inf".
std::string exact_number(double value);

}  // namespace gradvitals
