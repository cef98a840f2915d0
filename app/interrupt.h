// Interrupt: the first Ctrl-C as a wish to end, the second as an end.
#pragma once

#include <array>
#include <csignal>
#include <string_view>

#include "app/exit_code.h"

namespace gradvitals::app {

/// "SIGINT" or "SIGTERM".
std::string_view name_of_signal(int signal);
ExitCode exit_code_of_signal(int signal);

/// While it lives, the first SIGINT or SIGTERM is remembered, and any that follows has its default
/// effect: the process ends at once. Signals that are ignored (nohup) stay so. Afterwards everything is
/// as it was before.
class Interrupt {
 public:
  /// Throws std::logic_error where another one lives.
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// The signal that came; 0 for none. Costs a load.
  int signal() const;

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace gradvitals::app
