#include "monitor/metrics/parameter_name.h"

#include <algorithm>
#include <array>
#include <string>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

constexpr std::array<std::string_view, 5> kRoles{"weight", "kernel", "bias", "w", "b"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_role(std::string_view word) {
  return std::ranges::find(kRoles, ascii_lower(word)) != kRoles.end();
}

/// Without what wrappers add behind the name: "kernel:0", "kernel.value",
/// "parametrizations.weight.original0".
std::string_view without_wrapping(std::string_view name) {
  constexpr std::string_view kParametrized = "parametrizations.";
  if (const std::size_t at = name.find(kParametrized); at != std::string_view::npos) {
    return name.substr(0, at);
  }
  if (const std::size_t colon = name.rfind(':');
      colon != std::string_view::npos && colon + 1 < name.size() &&
      std::ranges::all_of(name.substr(colon + 1), is_digit)) {
    name = name.substr(0, colon);
  }
  constexpr std::string_view kValue = ".value";
  if (name.ends_with(kValue)) name.remove_suffix(kValue.size());
  while (!name.empty() && !is_word(name.back())) name.remove_suffix(1);
  return name;
}

/// The last word of a name, and what stands before it.
struct Parts {
  std::string_view scope;
  std::string_view word;
};

Parts parts_of(std::string_view name) {
  const std::string_view bare = without_wrapping(name);
  // A parametrised layer's name ends with its separator.
  if (!bare.empty() && !is_word(bare.back())) return {bare, {}};
  std::size_t begin = bare.size();
  while (begin > 0 && is_word(bare[begin - 1])) --begin;
  return {bare.substr(0, begin), bare.substr(begin)};
}

/// "bias" of "bias", "b" of "b1", "w" of "h1_w"; empty where the word names no role alone. `label` is
/// what else the word says.
std::string_view role_in(std::string_view word, std::string_view& label) {
  label = {};
  if (is_role(word)) return word;
  std::size_t digits = word.size();
  while (digits > 0 && is_digit(word[digits - 1])) --digits;
  if (digits < word.size() && is_role(word.substr(0, digits))) {
    label = word.substr(digits);
    return word.substr(0, digits);
  }
  const std::size_t line = word.rfind('_');
  if (line != std::string_view::npos && is_role(word.substr(line + 1))) {
    label = word.substr(0, line);
    return word.substr(line + 1);
  }
  return {};
}

std::string role_of(std::string_view name) {
  std::string_view label;
  return ascii_lower(role_in(parts_of(name).word, label));
}

}  // namespace

LayerKey layer_key(std::string_view name) {
  const Parts parts = parts_of(name);
  LayerKey key{parts.scope, {}};
  const bool has_role = !role_in(parts.word, key.label).empty();
  if (!has_role && parts.scope.empty()) key.label = parts.word;  // A layer of its own.
  return key;
}

bool says_kernel(std::string_view name) {
  const std::string role = role_of(name);
  return role == "weight" || role == "kernel" || role == "w";
}

bool says_bias(std::string_view name) {
  const std::string role = role_of(name);
  return role == "bias" || role == "b";
}

bool says_embedding(std::string_view name) {
  constexpr std::array<std::string_view, 5> kParts{"embed", "vocab", "lookup", "codebook", "item_"};
  constexpr std::array<std::string_view, 4> kWords{"wte", "wpe", "emb", "tok"};
  const std::string lower = ascii_lower(name);
  if (std::ranges::any_of(
          kParts, [&](std::string_view part) { return lower.find(part) != std::string::npos; })) {
    return true;
  }
  // Short ones only as words, or as parts of a word between its lines: "char_emb".
  for (std::size_t begin = 0; begin < lower.size();) {
    std::size_t end = begin;
    while (end < lower.size() && is_word(lower[end]) && lower[end] != '_') ++end;
    const std::string_view word = std::string_view(lower).substr(begin, end - begin);
    if (std::ranges::find(kWords, word) != kWords.end()) return true;
    begin = end + 1;
  }
  return false;
}

bool says_experts(std::string_view name) {
  return ascii_lower(name).find("expert") != std::string::npos;
}

std::string expert_kind(std::string_view name) {
  const std::string lower = ascii_lower(name);
  constexpr std::string_view kWord = "expert";
  for (std::size_t at = lower.find(kWord); at != std::string::npos;
       at = lower.find(kWord, at + 1)) {
    std::size_t begin = at + kWord.size();
    if (begin < lower.size() && lower[begin] == 's') ++begin;
    constexpr std::string_view kSeparators = "./_";
    if (begin >= lower.size() || kSeparators.find(lower[begin]) == std::string_view::npos) continue;
    ++begin;
    std::size_t end = begin;
    while (end < lower.size() && is_digit(lower[end])) ++end;
    if (end > begin) return std::string(name.substr(0, begin)).append("*").append(name.substr(end));
  }
  return {};
}

}  // namespace gradvitals
