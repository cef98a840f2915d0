#include "app/terminal_screen.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string_view>

#include "app/terminal.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals::app {
namespace {

/// The alternate screen, cleared; no cursor; nothing goes on in the next line.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
/// In the other order; a frame that was under way is over.
constexpr std::string_view kLeave = "\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Terminals that know it show what is in between at once; others pass over it.
constexpr std::string_view kFrameBegin = "\x1b[?2026h";
constexpr std::string_view kFrameEnd = "\x1b[?2026l";
constexpr std::string_view kClearScreen = "\x1b[2J";
constexpr std::string_view kClearLineEnd = "\x1b[K";
/// No line of a screen.
constexpr std::string_view kUnknownLine = "\n";
constexpr auto kWholeInterval = std::chrono::seconds(1);

/// What ends a process while the screen is shown, but for those that Interrupt handles.
constexpr std::array kEndingSignals = {SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS};

std::atomic<bool> screen_is_shown = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");
// Written before the screen is shown, and read by handlers while it is.
termios terminal_before{};
bool knows_terminal_before = false;
std::array<struct sigaction, kEndingSignals.size()> endings_before{};
struct sigaction stop_before {};

bool has_foreground() {
  return ::tcgetpgrp(STDERR_FILENO) == ::getpgrp();
}

extern "C" void stop_without_screen(int) {
  const int error = errno;
  restore_terminal();
  ::raise(SIGSTOP);
  errno = error;
}

/// What it would have done comes now: of a fault by itself, when its instruction is tried again.
extern "C" void end_without_screen(int signal) {
  restore_terminal();
  for (std::size_t i = 0; i < kEndingSignals.size(); ++i) {
    if (kEndingSignals[i] == signal) ::sigaction(signal, &endings_before[i], nullptr);
  }
  if (signal != SIGSEGV && signal != SIGBUS) ::raise(signal);
}

void handle(int signal, void (*handler)(int), struct sigaction& before) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, nullptr, &before);
  const bool is_ignored = (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN;
  if (!is_ignored) ::sigaction(signal, &action, nullptr);
}

void silence_keys() {
  knows_terminal_before = ::tcgetattr(STDERR_FILENO, &terminal_before) == 0;
  if (!knows_terminal_before) return;
  termios silent = terminal_before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDERR_FILENO, TCSANOW, &silent);
}

/// Columns that a line with escapes for colours takes.
int shown_width(std::string_view line) {
  std::string text;
  while (!line.empty()) {
    const std::size_t escape = std::min(line.find('\x1b'), line.size());
    text += line.substr(0, escape);
    line.remove_prefix(escape);
    const std::size_t end = line.find('m');
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return display_width(text);
}

}  // namespace

void restore_terminal() noexcept {
  if (!screen_is_shown.exchange(false)) return;
  std::string_view left = kLeave;
  while (!left.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, left.data(), left.size());
    if (written < 0 && errno != EINTR) break;
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
  }
  if (knows_terminal_before) ::tcsetattr(STDERR_FILENO, TCSANOW, &terminal_before);
}

bool TerminalScreen::is_available() {
  return is_terminal(STDERR_FILENO) && has_foreground();
}

TerminalScreen::TerminalScreen() {
  handle(SIGTSTP, stop_without_screen, stop_before);
  for (std::size_t i = 0; i < kEndingSignals.size(); ++i) {
    handle(kEndingSignals[i], end_without_screen, endings_before[i]);
  }
}

TerminalScreen::~TerminalScreen() {
  leave();
  ::sigaction(SIGTSTP, &stop_before, nullptr);
  for (std::size_t i = 0; i < kEndingSignals.size(); ++i) {
    ::sigaction(kEndingSignals[i], &endings_before[i], nullptr);
  }
}

ScreenSize TerminalScreen::size() const {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

void TerminalScreen::show(const std::vector<std::string>& lines, ScreenSize size) {
  const Clock::time_point now = Clock::now();
  std::string frame(kFrameBegin);
  if (!screen_is_shown) {
    if (!has_foreground()) return;
    silence_keys();
    // First, so that a signal in between leaves it.
    screen_is_shown = true;
    frame += kEnter;
    lines_.clear();
  } else if (size.columns != size_.columns || size.rows != size_.rows) {
    frame += kClearScreen;
    lines_.clear();
  } else if (now >= next_whole_) {
    // What another program has written in between goes away.
    lines_.assign(lines_.size(), std::string(kUnknownLine));
    next_whole_ = now + kWholeInterval;
  }
  const std::size_t before = frame.size();
  for (std::size_t i = 0; i < std::max(lines.size(), lines_.size()); ++i) {
    const std::string_view line = i < lines.size() ? std::string_view(lines[i]) : "";
    if (i < lines_.size() && lines_[i] == line) continue;
    frame += fmt::format("\x1b[{};1H{}", i + 1, line);
    // In the last column it would clear that column's character.
    if (shown_width(line) < size.columns) frame += kClearLineEnd;
  }
  lines_ = lines;
  const bool is_new = before > kFrameBegin.size() || frame.size() > before;
  if (is_new) write_to_stderr(frame += kFrameEnd);
}

void TerminalScreen::leave() {
  restore_terminal();
  lines_.clear();
}

}  // namespace gradvitals::app
