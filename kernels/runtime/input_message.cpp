#include "kernels/runtime/input_message.h"

#include <fmt/format.h>

#include "kernels/runtime/error.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

constexpr std::size_t kShownBytes = 80;

/// Whether a UTF-8 sequence goes on at this byte.
bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// The longest prefix of at most `bytes` bytes that splits no UTF-8 sequence.
std::string_view shown_part(std::string_view text, std::size_t bytes = kShownBytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > bytes - 4 && continues(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace

std::string in_quotes(std::string_view text) {
  const std::string_view shown = shown_part(text);
  return fmt::format("\"{}{}\"", printable(shown), shown.size() < text.size() ? "..." : "");
}

std::string shown_name(std::string_view name) {
  if (name.size() <= kShownBytes) return printable(name);
  constexpr std::size_t kEnd = kShownBytes / 2;
  std::size_t begin = name.size() - kEnd;
  while (begin < name.size() - kEnd + 4 && continues(name[begin])) ++begin;
  return fmt::format("{}...{}", printable(shown_part(name, kShownBytes - kEnd)),
                     printable(name.substr(begin)));
}

void refuse_input(std::string_view file, std::string_view what) {
  throw InputError(fmt::format("{}: {}", printable(file), what));
}

}  // namespace gradvitals
