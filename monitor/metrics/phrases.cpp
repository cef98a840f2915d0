#include "monitor/metrics/phrases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace gradvitals {

std::string times(double factor) {
  return factor < 1000.0 ? fmt::format("{:.1f}x", factor) : fmt::format("{:.1e}x", factor);
}

std::string_view plural(std::int64_t count, std::string_view one, std::string_view many) {
  return count == 1 ? one : many;
}

std::string steps_text(std::int64_t count) {
  return fmt::format("{} {}", count, plural(count, "step", "steps"));
}

std::string list_names(std::span<const std::string> names) {
  constexpr std::size_t kShown = 8;
  std::string text;
  const std::size_t shown = std::min(names.size(), kShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const bool is_last = i + 1 == names.size();
    if (i > 0) text += is_last ? " and " : ", ";
    text += names[i];
  }
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace gradvitals
