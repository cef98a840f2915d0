// Options whose value is a list of words: "clip,skip".
#pragma once

#include <span>
#include <string_view>

namespace gradvitals::app {

struct NamedFlag {
  std::string_view word;
  bool& flag;
};

/// Sets the flag of each word in `text`, with commas in between. Throws std::invalid_argument quoting
/// what is none of the words, or is there twice.
void set_flags(std::string_view text, std::span<const NamedFlag> flags);

}  // namespace gradvitals::app
