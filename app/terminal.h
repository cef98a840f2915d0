// The terminal: whether to colour, whether it can show more than ASCII, and words for the person
// who watches.
#pragma once

#include <cstdint>
#include <string_view>

namespace gradvitals::app {

enum class ColorMode : std::uint8_t { kAuto, kAlways, kNever };

/// --color first, then NO_COLOR (set and not empty: never), then whether stdout is a terminal.
bool use_color(ColorMode mode);

/// --ascii, or a terminal whose locale is not UTF-8. A file or a pipe gets UTF-8 whatever the
/// locale, so that the same command gives the same bytes everywhere.
bool use_ascii(bool asked);

/// One line to stderr, "gradvitals: ...", printable whatever names are in it; results never go
/// there.
void note(std::string_view text);

}  // namespace gradvitals::app
