// Counts, factors and names in sentences, as rules, reports and the program word them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gradvitals {

/// "4.3x"; "1.2e+06x" from a thousand on.
std::string times(double factor);

/// The word that agrees with a count: plural(n, "is", "are").
std::string_view plural(std::int64_t count, std::string_view one, std::string_view many);

/// "1 step", "3 steps"
std::string steps_text(std::int64_t count);

/// "a", "a and b", "a, b and c", "a, b, c and 4 more".
std::string list_names(std::span<const std::string> names);

}  // namespace gradvitals
