// LiveView: a run on the whole terminal, while it goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/terminal.h"
#include "app/terminal_screen.h"
#include "monitor/report/live/live_screen.h"

namespace gradvitals::app {

/// On stderr, ten times a second at most. What is printed meanwhile is kept, and stands on the terminal
/// once the view has ended. Used by one thread.
class LiveView {
 public:
  using Clock = std::chrono::steady_clock;

  /// Where TerminalScreen::is_available(). Shows nothing before the first draw().
  LiveView(ColorMode color, bool ascii);
  /// Ends.
  ~LiveView();
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  /// Whether enough time has passed since the last draw() that another one shows.
  bool is_due(Clock::time_point now = Clock::now()) const { return now >= next_; }
  /// Whether the terminal has another size than the last draw() was for.
  bool has_other_size() const;
  /// Draws it, due or not, for the size that the terminal has now.
  void draw(const LiveState& state, Clock::time_point now = Clock::now());
  /// Whole lines for the time after the view: the first thousand.
  void print(std::string_view lines);
  /// Gives the terminal back, and prints what was kept.
  void end();

 private:
  TextStyle style_;
  TerminalScreen screen_;
  ScreenSize size_{};
  Clock::time_point next_{};
  std::vector<std::string> kept_;
  std::int64_t lost_ = 0;
};

}  // namespace gradvitals::app
