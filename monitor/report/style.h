// How text is decorated for where it is shown.
#pragma once

#include <string>
#include <string_view>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

struct TextStyle {
  bool color = false;  ///< ANSI colours, chosen line by line from its marker.
  bool ascii =
      false;  ///< Emoji as words ("[CRITICAL]"), other characters as \u00e9: bytes < 128 only.
  /// Columns of the terminal that it is for: longer lines are broken at blanks, and tables leave out
  /// columns. 0: as long as they are.
  int width = 0;
};

/// "✅ OK", "ℹ️ INFO", "⚠️ WARNING" or "🚨 CRITICAL": how a line that tells a severity
/// begins.
std::string_view marker(Severity severity);

/// The text of a writer, or the notebook's own, in the given style. With a default style: unchanged.
std::string decorate(std::string_view text, TextStyle style);

}  // namespace gradvitals
