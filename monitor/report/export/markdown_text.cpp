#include "monitor/report/export/markdown_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

constexpr std::string_view kMarkup = "\\`*_[]<>~&$#";
/// Readers do not agree on whether "\\|" ends a cell.
constexpr std::string_view kPipe = "&#124;";
/// Keeps GitHub from taking what follows for a user or a link, and does not show.
constexpr std::string_view kZeroWidthSpace = "&#8203;";

bool is_word(char letter) {
  const bool is_ascii_letter = (letter | 0x20) >= 'a' && (letter | 0x20) <= 'z';
  return is_digit(letter) || is_ascii_letter;
}

/// "dense_1" can be read as it is.
bool is_within_a_word(std::string_view text, std::size_t at) {
  return at > 0 && at + 1 < text.size() && is_word(text[at - 1]) && is_word(text[at + 1]);
}

bool is_markup(std::string_view text, std::size_t at) {
  if (text[at] == '_' && is_within_a_word(text, at)) return false;
  return kMarkup.find(text[at]) != std::string_view::npos;
}

bool begins_a_link(std::string_view text, std::size_t at) {
  const bool is_url = text.substr(at).starts_with("://");
  const bool is_www = text[at] == '.' && at >= 3 && ascii_lower(text.substr(at - 3, 3)) == "www";
  return is_url || is_www;
}

std::size_t longest_run_of_backticks(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (const char letter : text) {
    run = letter == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

}  // namespace

std::string markdown_text(std::string_view text) {
  const std::string line = printable(text);
  std::string out;
  out.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (is_markup(line, i)) out += '\\';
    if (begins_a_link(line, i)) out += kZeroWidthSpace;
    if (line[i] == '|') {
      out += kPipe;
    } else {
      out += line[i];
    }
    if (line[i] == '@') out += kZeroWidthSpace;
  }
  return out;
}

std::string markdown_code(std::string_view text) {
  const std::string line = printable(text);
  if (line.empty()) return {};
  // No entity is read in a code span.
  if (line.find('|') != std::string::npos) return "<code>" + markdown_text(text) + "</code>";
  const std::string fence(longest_run_of_backticks(line) + 1, '`');
  // A blank on either side is not shown, and keeps backticks and blanks of the name apart from it.
  const bool needs_blanks =
      line.front() == '`' || line.back() == '`' || (line.front() == ' ' && line.back() == ' ');
  const std::string_view blank = needs_blanks ? " " : "";
  return fmt::format("{0}{1}{2}{1}{0}", fence, blank, line);
}

}  // namespace gradvitals
