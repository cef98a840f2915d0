#include "monitor/report/figure/drawable_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

struct GlyphRange {
  char32_t first;
  char32_t last;
};

// Blocks that DejaVu Sans and its bold face have whole: what gnuplot's packages come with. Where a font
// lacks one character, gnuplot 5.4 draws a box as large as the page in its place.
constexpr std::array kDrawnGlyphs = {
    GlyphRange{0x0020, 0x007E}, GlyphRange{0x00A0, 0x02E9}, GlyphRange{0x0300, 0x034F},
    GlyphRange{0x038E, 0x03A1}, GlyphRange{0x03A3, 0x0525}, GlyphRange{0x1E00, 0x1EFB},
    GlyphRange{0x2010, 0x2027}, GlyphRange{0x2030, 0x205E}, GlyphRange{0x2074, 0x208E},
    GlyphRange{0x2190, 0x2311}, GlyphRange{0x2500, 0x269C}, GlyphRange{0xFFFD, 0xFFFD},
};

bool has_glyph(char32_t code_point) {
  return std::ranges::any_of(kDrawnGlyphs, [code_point](const GlyphRange& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

/// In ems of DejaVu Sans, rounded up.
double width_of(char32_t letter) {
  constexpr std::u32string_view kNarrow = U" .,:;|!'()[]/ijltfrIJ";
  constexpr std::u32string_view kWide = U"mwMW%@…";
  if (kNarrow.find(letter) != std::u32string_view::npos) return 0.41;
  if (kWide.find(letter) != std::u32string_view::npos) return 1.0;
  const bool is_capital = U'A' <= letter && letter <= U'Z';
  return is_capital || letter > U'~' ? 0.79 : 0.64;
}

void make_drawable(std::vector<Finding>& findings, FigureFormat format) {
  for (Finding& finding : findings) finding.tensor = drawable(finding.tensor, format);
}

}  // namespace

std::string drawable(std::string_view text, FigureFormat format) {
  const std::string shown = printable(text);
  if (format == FigureFormat::kSvg) return shown;
  std::string out;
  for (std::string_view rest = shown; !rest.empty();) {
    const char32_t code_point = take_code_point(rest);
    if (has_glyph(code_point)) {
      append_utf8(out, code_point);
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(code_point));
    }
  }
  return out;
}

double drawn_width(std::string_view text, double points) {
  constexpr double kPixelsPerPoint = 96.0 / 72.0;
  double ems = 0.0;
  while (!text.empty()) ems += width_of(take_code_point(text));
  return ems * points * kPixelsPerPoint;
}

std::string fitted(const std::string& text, double points, double pixels) {
  constexpr int kShortest = 8;
  std::string shown = text;
  for (int length = static_cast<int>(text.size()); drawn_width(shown, points) > pixels;) {
    if (--length < kShortest) break;
    shown = shortened(text, length);
  }
  return shown;
}

NetworkReport drawable(NetworkReport network, FigureFormat format) {
  network.name = drawable(network.name, format);
  for (Name& gradient : network.metrics.gradient_names) gradient = drawable(gradient, format);
  for (TensorRecord& tensor : network.metrics.tensors) tensor.name = drawable(tensor.name, format);
  make_drawable(network.diagnosis.findings, format);
  return network;
}

}  // namespace gradvitals
