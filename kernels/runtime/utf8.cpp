#include "kernels/runtime/utf8.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace gradvitals {
namespace {

constexpr char32_t kReplacement = U'\uFFFD';

struct Range {
  char32_t first;
  char32_t last;
};

// Would let a name write over its line, or show in another order than it is stored.
constexpr std::array kUnprintable = {
    Range{0x0000, 0x001F}, Range{0x007F, 0x009F}, Range{0x061C, 0x061C},
    Range{0x200E, 0x200F}, Range{0x2028, 0x202E}, Range{0x2066, 0x2069},
    Range{0xFEFF, 0xFEFF}, Range{0xFFFE, 0xFFFF},  // No characters, which XML refuses.
};

// Unicode's combining marks, joiners and variation selectors of the common scripts.
constexpr std::array kZeroWidth = {
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x064B, 0x065F},
    Range{0x200B, 0x200D}, Range{0x20D0, 0x20F0}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F},
};

// Unicode's East Asian Width "wide" and "fullwidth": blocks, and the emoji that stand alone in
// theirs.
constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},
    Range{0x23E9, 0x23EC},   Range{0x23F0, 0x23F0},   Range{0x23F3, 0x23F3},
    Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},   Range{0x2648, 0x2653},
    Range{0x267F, 0x267F},   Range{0x2693, 0x2693},   Range{0x26A1, 0x26A1},
    Range{0x26AA, 0x26AB},   Range{0x26BD, 0x26BE},   Range{0x26C4, 0x26C5},
    Range{0x26CE, 0x26CE},   Range{0x26D4, 0x26D4},   Range{0x26EA, 0x26EA},
    Range{0x26F2, 0x26F3},   Range{0x26F5, 0x26F5},   Range{0x26FA, 0x26FA},
    Range{0x26FD, 0x26FD},   Range{0x2705, 0x2705},   Range{0x270A, 0x270B},
    Range{0x2728, 0x2728},   Range{0x274C, 0x274C},   Range{0x274E, 0x274E},
    Range{0x2753, 0x2755},   Range{0x2757, 0x2757},   Range{0x2795, 0x2797},
    Range{0x27B0, 0x27B0},   Range{0x27BF, 0x27BF},   Range{0x2B1B, 0x2B1C},
    Range{0x2B50, 0x2B50},   Range{0x2B55, 0x2B55},   Range{0x2E80, 0x303E},
    Range{0x3041, 0xA4CF},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x1F004, 0x1F004}, Range{0x1F0CF, 0x1F0CF}, Range{0x1F18E, 0x1F18E},
    Range{0x1F191, 0x1F19A}, Range{0x1F200, 0x1F265}, Range{0x1F300, 0x1F64F},
    Range{0x1F680, 0x1F6FF}, Range{0x1F7E0, 0x1F7EB}, Range{0x1F7F0, 0x1F7F0},
    Range{0x1F900, 0x1F9FF}, Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD},
};

template <std::size_t N>
bool is_in(char32_t code_point, const std::array<Range, N>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [code_point](Range range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

/// What a first byte promises: how many bytes follow, the bits it holds itself, and the smallest
/// code point that needs this length.
struct Lead {
  std::size_t following;
  char32_t bits;
  char32_t smallest;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {0, byte, 0};
  if ((byte & 0xE0) == 0xC0) return {1, byte & 0x1Fu, 0x80};
  if ((byte & 0xF0) == 0xE0) return {2, byte & 0x0Fu, 0x800};
  if ((byte & 0xF8) == 0xF0) return {3, byte & 0x07u, 0x10000};
  return {0, kReplacement, 0};
}

void append_escape(std::string& out, char32_t code_point) {
  switch (code_point) {
    case U'\n':
      out += "\\n";
      break;
    case U'\r':
      out += "\\r";
      break;
    case U'\t':
      out += "\\t";
      break;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(code_point));
  }
}

}  // namespace

char32_t take_code_point(std::string_view& text) {
  const Lead lead = lead_of(static_cast<unsigned char>(text.front()));
  char32_t code_point = lead.bits;
  std::size_t length = 1;
  for (; length <= lead.following && length < text.size(); ++length) {
    const auto byte = static_cast<unsigned char>(text[length]);
    if ((byte & 0xC0) != 0x80) break;
    code_point = (code_point << 6) | (byte & 0x3Fu);
  }
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (length <= lead.following || code_point < lead.smallest || code_point > 0x10FFFF ||
      is_surrogate) {
    code_point = kReplacement;
    length = 1;
  }
  text.remove_prefix(length);
  return code_point;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto append = [&out](char32_t byte) { out += static_cast<char>(byte); };
  const auto following = [&](int shift) { append(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0 | (code_point >> 6));
    following(0);
  } else if (code_point < 0x10000) {
    append(0xE0 | (code_point >> 12));
    following(6);
    following(0);
  } else {
    append(0xF0 | (code_point >> 18));
    following(12);
    following(6);
    following(0);
  }
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char32_t code_point = take_code_point(text);
    if (is_in(code_point, kUnprintable)) {
      append_escape(out, code_point);
    } else {
      append_utf8(out, code_point);
    }
  }
  return out;
}

std::string ascii_lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const char32_t code_point = take_code_point(text);
    if (is_in(code_point, kZeroWidth)) continue;
    width += is_in(code_point, kWide) ? 2 : 1;
  }
  return width;
}

}  // namespace gradvitals
