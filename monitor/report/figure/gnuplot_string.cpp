#include "monitor/report/figure/gnuplot_string.h"

#include <fmt/core.h>

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

}  // namespace

std::string gnuplot_string(std::string_view text) {
  // gnuplot 5.4 takes '' at the start of a literal for an empty one, and stumbles over the rest.
  const std::string_view shield = text.starts_with('\'') ? " " : "";
  return fmt::format("'{}{}'", shield, doubled(printable(text), '\''));
}

std::string gnuplot_tick_string(std::string_view text) {
  return gnuplot_string(doubled(text, '%'));
}

}  // namespace gradvitals
