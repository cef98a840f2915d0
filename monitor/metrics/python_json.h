// JSON as Python writes it: NaN, Infinity and -Infinity may stand for numbers. Internal.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace gradvitals {

struct JsonText {
  nlohmann::json value;       ///< NaN and infinities are strings, for to_number().
  std::string complaint;      ///< One line on why the text is no JSON; empty where it is.
  bool is_cut_short = false;  ///< It ends before its JSON does, and is right up to there.
};

/// The text without the mark that some editors put before UTF-8.
std::string_view without_byte_order_mark(std::string_view text);

/// Reads one value from the whole of `text`. Nesting deeper than 16 levels and numbers beyond the
/// range of float64 are complaints, too, and so is a key that one object has twice.
JsonText read_json(std::string_view text);

/// A number; the words by which trackers write what JSON cannot ("NaN", "Infinity", ...) stand for
/// their values. Empty for everything else, null among it.
std::optional<double> to_number(const nlohmann::json& value);

}  // namespace gradvitals
