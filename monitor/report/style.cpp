#include "monitor/report/style.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

struct Replacement {
  std::string_view emoji;
  std::string_view words;
};

// The first match wins: a marker with the word that follows it comes before the marker alone, so
// that the word is not said twice.
constexpr std::array kAsciiForms = {
    Replacement{"🚨 CRITICAL:", "[CRITICAL]"},
    Replacement{"⚠️ WARNING:", "[WARNING]"},
    Replacement{"ℹ️ INFO:", "[INFO]"},
    Replacement{"✅ GOOD:", "[GOOD]"},
    Replacement{"🟢 EXCELLENT:", "[EXCELLENT]"},
    Replacement{"🟡 MODERATE:", "[MODERATE]"},
    Replacement{"🟠 POOR:", "[POOR]"},
    Replacement{"🔴 CRITICAL:", "[CRITICAL]"},
    Replacement{"🚨", "[CRITICAL]"},
    Replacement{"⚠️", "[WARNING]"},
    Replacement{"ℹ️", "[INFO]"},
    Replacement{"✅", "[OK]"},
    Replacement{"📝 ", "- "},
    Replacement{"🏥 ", ""},
    Replacement{"🔍 ", ""},
    Replacement{"💥 ", ""},
    Replacement{"⚖️ ", ""},
    Replacement{"📊 ", ""},
    Replacement{"🎯 ", ""},
    Replacement{"🩺 ", ""},
    Replacement{"🫀 ", ""},
};

struct LineColor {
  std::string_view marker;
  std::string_view escape;
};

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kCyan = "\x1b[36m";
constexpr std::string_view kReset = "\x1b[0m";

constexpr std::array kLineColors = {
    LineColor{"✅", kGreen},       LineColor{"🟢", kGreen},  LineColor{"🟡", kYellow},
    LineColor{"⚠️", kYellow}, LineColor{"🟠", kYellow}, LineColor{"🚨", kRed},
    LineColor{"🔴", kRed},         LineColor{"ℹ️", kCyan}, LineColor{"🏥", kBold},
    LineColor{"🔍", kBold},        LineColor{"💥", kBold},      LineColor{"⚖️", kBold},
    LineColor{"📊", kBold},        LineColor{"🎯", kBold},      LineColor{"🩺", kBold},
    LineColor{"🫀", kBold},
};

std::string to_ascii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto* form = std::find_if(
        kAsciiForms.begin(), kAsciiForms.end(),
        [text](const Replacement& replacement) { return text.starts_with(replacement.emoji); });
    if (form != kAsciiForms.end()) {
      out += form->words;
      text.remove_prefix(form->emoji.size());
      continue;
    }
    const char32_t code_point = take_code_point(text);
    if (code_point < 0x80) {
      out += static_cast<char>(code_point);
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(code_point));
    }
  }
  return out;
}

/// Empty for a line without a marker.
std::string_view color_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  for (const LineColor& color : kLineColors) {
    if (line.starts_with(color.marker)) return color.escape;
  }
  return {};
}

/// Columns that a line which continues another one begins with: those of the last cell of a list in
/// columns, else a little more than the line itself has.
std::size_t hanging_indent(std::string_view line) {
  constexpr std::size_t kWidestLabel = 24;
  constexpr std::size_t kStep = 3;
  const std::size_t start = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t gap = line.substr(0, kWidestLabel).rfind("  ");
  if (gap == std::string_view::npos || gap < start) return start + kStep;
  return std::min(line.find_first_not_of(' ', gap), line.size());
}

/// The line, broken at blanks into lines of so many columns; a word that is longer stays whole.
std::string broken(std::string_view line, int width) {
  if (width <= 0 || display_width(line) <= width) return std::string(line);
  const std::size_t indent = hanging_indent(line);
  std::string out(line.substr(0, indent));
  int used = display_width(out);
  line.remove_prefix(out.size());
  while (!line.empty()) {
    const std::size_t blanks = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view piece = line.substr(0, line.find(' ', blanks));
    const int columns = display_width(piece);
    if (used + columns > width && used > static_cast<int>(indent)) {
      out += '\n' + std::string(indent, ' ');
      out += piece.substr(blanks);
      used = static_cast<int>(indent) + columns - static_cast<int>(blanks);
    } else {
      out += piece;
      used += columns;
    }
    line.remove_prefix(piece.size());
  }
  return out;
}

}  // namespace

std::string_view marker(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "✅ OK";
    case Severity::kInfo:
      return "ℹ️ INFO";
    case Severity::kWarning:
      return "⚠️ WARNING";
    case Severity::kCritical:
      return "🚨 CRITICAL";
  }
  return "";
}

std::string decorate(std::string_view text, TextStyle style) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    // The colour is that of the marker, which ascii may take away.
    const std::string_view escape = style.color ? color_of(line) : std::string_view();
    out += escape;
    out += broken(style.ascii ? to_ascii(line) : std::string(line), style.width);
    if (!escape.empty()) out += kReset;
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace gradvitals
