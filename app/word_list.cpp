#include "app/word_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace gradvitals::app {
namespace {

std::string words_of(std::span<const NamedFlag> flags) {
  std::string words;
  for (const NamedFlag& named : flags) {
    words += fmt::format("{}{}", words.empty() ? "" : ", ", named.word);
  }
  return words;
}

}  // namespace

void set_flags(std::string_view text, std::span<const NamedFlag> flags) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    const auto named = std::ranges::find(flags, word, &NamedFlag::word);
    if (named == flags.end()) {
      throw std::invalid_argument(fmt::format("'{}' is not one of {}", word, words_of(flags)));
    }
    if (std::exchange(named->flag, true)) {
      throw std::invalid_argument(fmt::format("'{}' is there twice", word));
    }
    begin = end + 1;
  }
}

}  // namespace gradvitals::app
