#include "app/terminal.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>

#include "kernels/utf8.h"

namespace gradvitals::app {

bool use_color(ColorMode mode) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && no_color[0] != '\0') return false;
  const char* term = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

bool use_ascii(bool asked) {
  if (asked) return true;
  if (::isatty(STDOUT_FILENO) == 0) return false;
  // Asked of a locale of its own: number formats of the process stay those of "C".
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return true;
  const bool utf8 = std::string_view(::nl_langinfo_l(CODESET, locale)) == "UTF-8";
  ::freelocale(locale);
  return !utf8;
}

void note(std::string_view text) {
  fmt::print(stderr, "gradvitals: {}\n", printable(text));
}

}  // namespace gradvitals::app
