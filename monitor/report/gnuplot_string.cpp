#include "monitor/report/gnuplot_string.h"

#include "monitor/report/utf8.h"

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

}  // namespace

std::string gnuplot_string(std::string_view text) {
  return "'" + doubled(printable(text), '\'') + "'";
}

std::string gnuplot_tick_string(std::string_view text) {
  return gnuplot_string(doubled(text, '%'));
}

std::string shortened(std::string_view text, int columns) {
  const std::string whole = printable(text);
  std::u32string code_points;
  for (std::string_view rest = whole; !rest.empty();) code_points += take_code_point(rest);
  const auto limit = static_cast<std::size_t>(columns);
  if (code_points.size() <= limit) return whole;
  const std::size_t head = limit / 3;
  code_points.replace(head, code_points.size() - limit + 1, 1, U'…');
  std::string out;
  for (const char32_t code_point : code_points) append_utf8(out, code_point);
  return out;
}

}  // namespace gradvitals
