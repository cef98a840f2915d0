// Text that Markdown shows as it is. Internal.
#pragma once

#include <string>
#include <string_view>

namespace gradvitals {

/// Within a paragraph or a cell of a table: on one line, with everything escaped that GitHub or GitLab
/// would read as layout, HTML, a mention, a link or mathematics.
std::string markdown_text(std::string_view text);

/// The same as code: for names.
std::string markdown_code(std::string_view text);

}  // namespace gradvitals
