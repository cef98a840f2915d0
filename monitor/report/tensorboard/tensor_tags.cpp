#include "monitor/report/tensorboard/tensor_tags.h"

#include <fmt/format.h>

#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

constexpr int kLongestTag = 120;

bool is_part_of_tags(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || is_digit(letter) ||
         letter == '_' || letter == '-' || letter == '.' ||
         static_cast<unsigned char>(letter) >= 0x80;
}

/// Slashes alone make no group.
void end_part(std::string& tag) {
  if (!tag.empty() && tag.back() != '/') tag += '/';
}

}  // namespace

std::string safe_tag(std::string_view name) {
  constexpr std::string_view kSeparators = "/[]'\"";
  std::string tag;
  for (const char letter : printable(name)) {
    if (kSeparators.find(letter) != std::string_view::npos) {
      end_part(tag);
    } else {
      tag += is_part_of_tags(letter) ? letter : '_';
    }
  }
  while (tag.ends_with('/')) tag.pop_back();
  return tag.empty() ? "unnamed" : shortened(tag, kLongestTag);
}

const std::string& TensorTags::tag_of(std::string_view name) {
  const auto known = tags_.find(name);
  if (known != tags_.end()) return known->second;
  const std::string tag = safe_tag(name);
  std::string distinct = tag;
  for (int number = 2; !taken_.insert(distinct).second; ++number) {
    distinct = fmt::format("{}_{}", tag, number);
  }
  return tags_.emplace(std::string(name), std::move(distinct)).first->second;
}

}  // namespace gradvitals
