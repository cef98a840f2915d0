// A page from its parts, and its data as JSON. Internal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "monitor/report/json_writer.h"

namespace gradvitals {

/// A number as the page's script takes it: six digits of it, "NaN", "Inf" or "-Inf".
Json page_number(double value);
/// null for what is not known.
Json page_number(const std::optional<double>& value);
/// The text as printable() gives it: script and markup show the same.
Json page_text(std::string_view text);

struct PageParts {
  std::string title;
  std::string body;  ///< Markup, whole.
  Json data;
};

/// The bytes of the file. Nothing in the data can end the block that it stands in.
std::string assemble_page(const PageParts& parts);

}  // namespace gradvitals
