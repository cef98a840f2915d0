#include "app/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <exception>
#include <string>

#include "kernels/runtime/pipe_signal_block.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals::app {
namespace {

/// One line. Where stderr cannot be written, the line is lost.
void print_to_stderr(std::string_view start, std::string_view text) noexcept {
  try {
    write_to_stderr(fmt::format("{}{}\n", start, printable(text)));
  } catch (const std::exception&) {
    // stderr is the last resort: there is nowhere to report its failure.
  }
}

}  // namespace

void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // Open the wrong way round: using it still fails. The lowest free number is this stream's.
    static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

bool is_terminal(int stream) {
  const char* term = std::getenv("TERM");
  return ::isatty(stream) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

bool use_color(ColorMode mode, int stream) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && no_color[0] != '\0') return false;
  return is_terminal(stream);
}

bool use_ascii(bool asked, int stream) {
  if (asked) return true;
  if (::isatty(stream) == 0) return false;
  // Asked of a locale of its own: number formats of the process stay those of "C".
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return true;
  const bool utf8 = std::string_view(::nl_langinfo_l(CODESET, locale)) == "UTF-8";
  ::freelocale(locale);
  return !utf8;
}

int terminal_width(int stream) {
  winsize size{};
  if (::isatty(stream) == 0 || ::ioctl(stream, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

TextStyle text_style(ColorMode mode, bool ascii, int stream) {
  return {.color = use_color(mode, stream),
          .ascii = use_ascii(ascii, stream),
          .width = terminal_width(stream)};
}

void write_to_stderr(std::string_view bytes) noexcept {
  const PipeSignalBlock block;
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void note(std::string_view text) noexcept {
  print_to_stderr("gradvitals: ", text);
}

void show_way_out(const std::vector<std::string>& lines) noexcept {
  for (const std::string& line : lines) print_to_stderr("    ", line);
}

}  // namespace gradvitals::app
