// What every gradient of a run did over its finite steps. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "monitor/metrics/health_metrics.h"
#include "monitor/rules/run_checks.h"

namespace gradvitals {

enum class Motion : std::uint8_t { kMoves, kZero, kMissing };

/// One gradient over the finite steps.
struct TensorHistory {
  std::string_view name;
  std::int64_t observed = 0, moving = 0, missing = 0;
  std::size_t first_seen = 0;       ///< Place of the first step that has it.
  std::size_t first_still = 0;      ///< Of the steps without motion that end the run.
  std::int64_t still_now = 0;       ///< How many those are.
  std::int64_t longest_rest = 0;    ///< Steps without motion between two that have it.
  std::int64_t still_at_start = 0;  ///< Steps without motion before any that has it.
  std::size_t first_rest = 0;       ///< Place of the first step without motion.
  bool is_idle_bias = false;        ///< In one step at least its kernel moved and it did not.
  bool is_idle_expert = false;      ///< Never moves, beside experts of its kind that do.

  void add(Motion motion, std::size_t place) {
    if (observed++ == 0) first_seen = place;
    if (motion == Motion::kMoves) {
      std::int64_t& rest = moving++ == 0 ? still_at_start : longest_rest;
      rest = std::max(rest, still_now);
      still_now = 0;
      return;
    }
    if (motion == Motion::kMissing) ++missing;
    if (still() == 1) first_rest = place;
    if (still_now++ == 0) first_still = place;
  }

  std::int64_t still() const { return observed - moving; }
  bool never_moves() const { return moving == 0 && observed > 1; }
  /// Whether it has stopped for good: it rests for more than twice its longest earlier rest, and
  /// longer than at the start. One step may be chance.
  bool has_stopped() const {
    return moving > 0 && still_now > 1 && still_now > 2 * longest_rest &&
           still_now > still_at_start;
  }
};

/// The histories of every gradient, in the order in which they are met.
class Histories {
 public:
  explicit Histories(const RunEvidence& run);

  const std::deque<TensorHistory>& all() const { return histories_; }

 private:
  void add_step(const HealthMetrics& metrics, std::size_t place);
  void add(std::string_view name, Motion motion, std::size_t place, const HealthMetrics& metrics);
  void mark_idle_experts();

  std::deque<std::string> names_;
  std::deque<TensorHistory> histories_;
  std::unordered_map<std::string_view, TensorHistory*> index_;
};

}  // namespace gradvitals
