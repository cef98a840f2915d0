// Messages about input that cannot be read: always one line, always naming the file. Here because
// framework and monitor both read files.
#pragma once

#include <string>
#include <string_view>

namespace gradvitals {

/// `text` in double quotes, with control characters escaped and cut short after 80 bytes: fit to
/// show names and cells of a hostile file in a one-line message.
std::string in_quotes(std::string_view text);

/// A name out of a file as it is shown among words: like in_quotes(), without the quotes, and cut
/// short in its middle, since names of one model differ at either end.
std::string shown_name(std::string_view name);

/// Throws InputError("<file>: <what>").
[[noreturn]] void refuse_input(std::string_view file, std::string_view what);

}  // namespace gradvitals
