// Names in little room. Internal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// Printable, and at most `length` code points long: the middle is cut, because both ends of a
/// parameter's name tell it from others.
std::string shortened(std::string_view text, int length);

/// The same for names that stand side by side; what differs stays different. Where one is too long,
/// what all of them begin and end with is left out first (whole parts: between '.', '/' or JAX's
/// "']['"), then those parts that tell it from no other. What no cut keeps apart has its place
/// before it, from 1.
std::vector<std::string> shortened_names(std::vector<std::string> names, int length);

}  // namespace gradvitals
