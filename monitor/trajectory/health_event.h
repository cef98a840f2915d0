// HealthEvent: something that began, grew worse or ended while a network trained.
#pragma once

#include <cstdint>
#include <string_view>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// What a rule found over consecutive checks, with one verdict: from the check that raised it to the
/// one that cleared it. What comes back soon after it was cleared is the same episode.
struct Episode {
  /// Of its worst step: severity, value, threshold, tensor, text and advice. `consequence_of` is the
  /// rule of the episode that explains it.
  Finding finding;
  std::int64_t first_step = 0;  ///< The first in which it held, before patience raised it.
  /// The check before, in which it did not hold: it began after this step. -1 where there was none.
  std::int64_t after_step = -1;
  std::int64_t last_step = 0;  ///< The last in which it held.
  std::int64_t peak_step = 0;  ///< That of `finding`.
  std::int64_t count = 0;      ///< Checks in which it held.
  bool is_open = true;
};

enum class HealthEventKind : std::uint8_t { kBegan, kWorsened, kEnded };

/// "began", "worsened" or "ended".
std::string_view name(HealthEventKind kind);

struct HealthEvent {
  HealthEventKind kind = HealthEventKind::kBegan;
  std::int64_t step = 0;  ///< The step that told.
  Episode episode;        ///< As it was then.
};

}  // namespace gradvitals
