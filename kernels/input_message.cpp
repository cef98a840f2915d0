#include "kernels/input_message.h"

#include <fmt/format.h>

#include "kernels/error.h"
#include "kernels/utf8.h"

namespace gradvitals {
namespace {

constexpr std::size_t kShownBytes = 80;

/// The longest prefix of at most kShownBytes bytes that splits no UTF-8 sequence.
std::string_view shown_part(std::string_view text) {
  if (text.size() <= kShownBytes) return text;
  std::size_t end = kShownBytes;
  while (end > kShownBytes - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::string in_quotes(std::string_view text) {
  const std::string_view shown = shown_part(text);
  return fmt::format("\"{}{}\"", printable(shown), shown.size() < text.size() ? "..." : "");
}

void refuse_input(std::string_view file, std::string_view what) {
  throw InputError(fmt::format("{}: {}", printable(file), what));
}

}  // namespace gradvitals
