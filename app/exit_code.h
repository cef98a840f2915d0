// Exit codes of the program.
#pragma once

namespace gradvitals::app {

enum class ExitCode : int {
  kJudged = 0,         ///< Judged, and no gate tripped.
  kGateTripped = 1,    ///< --fail-on, and a finding at least that severe.
  kError = 2,          ///< Usage, input or output.
  kNothingJudged = 3,  ///< No tensor, none with an element, or no step: not to be taken for health.
  /// SIGINT ended a training, or trainings, before the last step: 128 and the signal.
  kInterrupted = 130,
  kTerminated = 143,  ///< SIGTERM did.
};

}  // namespace gradvitals::app
