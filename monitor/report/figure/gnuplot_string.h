// Strings in a gnuplot script. Double-quoted gnuplot strings run what stands in backticks; these
// are single-quoted, so that no name can be more than a name.
#pragma once

#include <string>
#include <string_view>

namespace gradvitals {

/// A string literal on one line. Text that begins with a quote gets a blank before it.
std::string gnuplot_string(std::string_view text);

/// A string literal for an axis tick, which gnuplot takes as a number format.
std::string gnuplot_tick_string(std::string_view text);

}  // namespace gradvitals
