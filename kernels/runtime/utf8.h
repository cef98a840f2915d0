// Names from files hold any bytes; these make them safe to print and to align. Here because
// messages of every library need it.
#pragma once

#include <string>
#include <string_view>

namespace gradvitals {

/// Takes the first code point off `text`, which must not be empty. Bytes that are no UTF-8
/// (overlong forms and surrogates included) give U+FFFD, one byte at a time.
char32_t take_code_point(std::string_view& text);

/// Appends a code point as UTF-8.
void append_utf8(std::string& out, char32_t code_point);

/// Valid UTF-8 on one line: control and text-direction characters become escapes (\n, \u001b),
/// bytes that are no UTF-8 become U+FFFD.
std::string printable(std::string_view text);

/// The letters A to Z small; everything else as it is.
std::string ascii_lower(std::string_view text);

/// '0' to '9', in any locale.
constexpr bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

/// Terminal columns that printable text takes: wide East Asian characters and emoji count 2,
/// combining marks 0.
int display_width(std::string_view text);

}  // namespace gradvitals
