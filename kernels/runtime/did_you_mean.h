// What was probably meant by a misspelled word. Here because monitor reads names that users type,
// as the program does.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gradvitals {

/// "; did you mean NAME?" for the nearest of `known` where `word` is a slip of the hand away from it;
/// else empty.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace gradvitals
