// Natural order: "layer2" before "layer10".
#pragma once

#include <string_view>

namespace gradvitals {

/// Whether `left` comes before `right`: runs of digits (of any length) compare by their value,
/// everything else byte by byte; names that differ in leading zeros alone by their bytes. A strict
/// order: of two different names exactly one comes first.
bool natural_less(std::string_view left, std::string_view right);

}  // namespace gradvitals
