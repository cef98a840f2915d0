// Strings in a gnuplot script. Double-quoted gnuplot strings run what stands in backticks; these
// are single-quoted, so that no name can be more than a name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// A string literal on one line. Text that begins with a quote gets a blank before it.
std::string gnuplot_string(std::string_view text);

/// A string literal for an axis tick, which gnuplot takes as a number format.
std::string gnuplot_tick_string(std::string_view text);

/// Printable, and at most `length` code points long: the middle is cut, because both ends of a
/// parameter's name tell it from others.
std::string shortened(std::string_view text, int length);

/// The same for names that stand side by side. Where one is too long, what all of them begin with
/// (whole parts, ending in '.' or '/') is left out first.
std::vector<std::string> shortened_names(std::vector<std::string> names, int length);

}  // namespace gradvitals
