#include "monitor/report/gnuplot_string.h"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

std::string doubled(std::string_view text, char special) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    out += c;
    if (c == special) out += c;
  }
  return out;
}

/// Bytes that all names begin with, up to and including a separator.
std::size_t common_prefix(const std::vector<std::string>& names) {
  std::string_view prefix = names.front();
  for (const std::string_view name : names) {
    const auto difference = std::ranges::mismatch(prefix, name);
    prefix = prefix.substr(0, static_cast<std::size_t>(difference.in1 - prefix.begin()));
  }
  const std::size_t separator = prefix.find_last_of("./");
  return separator == std::string_view::npos ? 0 : separator + 1;
}

}  // namespace

std::string gnuplot_string(std::string_view text) {
  // gnuplot 5.4 takes '' at the start of a literal for an empty one, and stumbles over the rest.
  const std::string_view shield = text.starts_with('\'') ? " " : "";
  return fmt::format("'{}{}'", shield, doubled(printable(text), '\''));
}

std::string gnuplot_tick_string(std::string_view text) {
  return gnuplot_string(doubled(text, '%'));
}

std::string shortened(std::string_view text, int length) {
  const std::string whole = printable(text);
  std::u32string code_points;
  for (std::string_view rest = whole; !rest.empty();) code_points += take_code_point(rest);
  const auto limit = static_cast<std::size_t>(length);
  if (code_points.size() <= limit) return whole;
  code_points.replace(limit / 2, code_points.size() - limit + 1, 1, U'…');
  std::string out;
  for (const char32_t code_point : code_points) append_utf8(out, code_point);
  return out;
}

std::vector<std::string> shortened_names(std::vector<std::string> names, int length) {
  const auto limit = static_cast<std::size_t>(length);
  if (std::ranges::any_of(names, [limit](const auto& name) { return name.size() > limit; })) {
    const std::size_t prefix = common_prefix(names);
    for (std::string& name : names) name.erase(0, prefix);
  }
  for (std::string& name : names) name = shortened(name, length);
  return names;
}

}  // namespace gradvitals
