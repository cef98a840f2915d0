// The terminal: colour, character set, and notes to the user.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/style.h"

namespace gradvitals::app {

enum class ColorMode : std::uint8_t { kAuto, kAlways, kNever };

/// Whether `stream` is a terminal that understands escape sequences.
bool is_terminal(int stream);

/// --color first, then NO_COLOR (set and not empty: never), then whether the stream is a terminal.
bool use_color(ColorMode mode, int stream = STDOUT_FILENO);

/// --ascii, or a terminal whose locale is not UTF-8. A file or a pipe gets UTF-8 whatever the
/// locale, so that the same command gives the same bytes everywhere.
bool use_ascii(bool asked, int stream = STDOUT_FILENO);

/// Columns of the terminal; 0 where the stream is none.
int terminal_width(int stream);

/// For a text of results on this stream: colour and characters as above, and the terminal's width.
TextStyle text_style(ColorMode mode, bool ascii, int stream = STDOUT_FILENO);

/// Opens a placeholder, neither readable nor writable, for each closed standard stream, so that no file
/// opened later gets its descriptor and receives the output meant for the stream.
void occupy_standard_streams();

/// One line to stderr, "gradvitals: ...", printable whatever names are in it; results never go
/// there. Where stderr cannot be written the line is lost: the exit code still tells.
void note(std::string_view text) noexcept;

/// These bytes to stderr as they are. Where it cannot be written they are lost.
void write_to_stderr(std::string_view bytes) noexcept;

/// Lines to type, indented below a note on stderr.
void show_way_out(const std::vector<std::string>& lines) noexcept;

}  // namespace gradvitals::app
