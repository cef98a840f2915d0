// The planted bugs as a list, and what shows each of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals::sim {

/// How a bug shows.
enum class Sign : std::uint8_t {
  kSchedules,  ///< Bits differ between two of the six schedules.
  kNan,        ///< A result is NaN, from poisoned memory.
  kFault,      ///< KernelFault.
  kAddress,    ///< A report of AddressSanitizer or UndefinedBehaviorSanitizer.
  kThread,     ///< A report of ThreadSanitizer.
};

struct Bug {
  std::string_view name;
  Sign sign;
  /// A regular expression that the fault's text or the sanitizer's report must match; empty where
  /// NaN is all there is.
  std::string_view report;
  /// Runs the kernel with the bug, or without it, and returns its results.
  std::function<std::vector<float>(bool is_planted)> run;
};

std::span<const Bug> all_bugs();

/// Whether the results are the same bits in all six schedules.
bool is_same_in_every_schedule(const std::function<std::vector<float>()>& run);

bool has_nan(std::span<const float> values);

/// Why a build without a sanitizer cannot show the sign; empty in one that can.
std::string why_not_here(Sign sign);

}  // namespace gradvitals::sim
