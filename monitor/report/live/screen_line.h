// A line of a screen: parts in colours, never wider than its columns. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "monitor/report/style.h"

namespace gradvitals {

enum class Ink : std::uint8_t { kPlain, kStrong, kFaint, kGood, kNotice, kWarning, kCritical };

/// That of a severity.
Ink ink_of(Severity severity);

/// On one line, in the characters of the style. Names may hold any bytes.
std::string screen_text(std::string_view text, TextStyle style);

/// Of a text in the characters of the style, what fits into so many columns, with a mark where more
/// was; `from_middle` keeps both ends, as they tell names apart.
std::string cut_to(std::string_view text, int columns, TextStyle style);
std::string cut_from_middle(std::string_view text, int columns, TextStyle style);

class ScreenLine {
 public:
  ScreenLine(int columns, TextStyle style) : columns_(columns), style_(style) {}

  /// At the end, as much of it as there is room for, in the characters of the style.
  ScreenLine& add(std::string_view text, Ink ink = Ink::kPlain);
  /// The same on the ink's ground, with a blank on either side.
  ScreenLine& add_badge(std::string_view text, Ink ink);
  /// Blanks up to this column, from 0; one at least where anything is before it.
  ScreenLine& go_to(int column);

  int width() const { return width_; }
  int room() const { return columns_ - width_; }
  /// Without blanks at its end.
  std::string text() const;

 private:
  void add_colored(std::string text, std::string_view escape);

  int columns_;
  TextStyle style_;
  std::string text_;
  int width_ = 0;
  int blanks_ = 0;  ///< Columns that are still to be written before what comes next.
};

}  // namespace gradvitals
