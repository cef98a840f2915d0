// TerminalScreen: the whole terminal on stderr for a while, and as it was before afterwards.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "monitor/report/live/live_screen.h"

namespace gradvitals::app {

/// While it is shown the terminal is on its alternate screen, without cursor and echo. It is as it was
/// before after leave(), while the process is stopped by Ctrl-Z, and where a signal ends it that can be
/// caught. One at a time; used by one thread.
class TerminalScreen {
 public:
  /// Whether stderr is a terminal that understands escape sequences, and this process has it: not one
  /// in the background.
  static bool is_available();

  TerminalScreen();
  /// Leaves.
  ~TerminalScreen();
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;

  /// Now; 80 by 24 where the terminal does not say.
  ScreenSize size() const;
  /// Writes the lines that are others than before, at once. They must fit the size. Nothing where the
  /// process is in the background, as after `bg`: it is shown again once it has the terminal.
  void show(const std::vector<std::string>& lines, ScreenSize size);
  void leave();

 private:
  using Clock = std::chrono::steady_clock;

  std::vector<std::string> lines_;  ///< That the terminal shows.
  Clock::time_point next_whole_{};  ///< When all are written again.
  ScreenSize size_{};
};

/// The terminal as it was before a TerminalScreen, where one is shown. For handlers of signals: it makes
/// calls that are safe in them alone.
void restore_terminal() noexcept;

}  // namespace gradvitals::app
