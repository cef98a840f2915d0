// Episodes: from what single checks found to what lasted, with patience on both sides. Internal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "monitor/metrics/thresholds.h"
#include "monitor/rules/diagnosis.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/trajectory/saved_state.h"

namespace gradvitals {

/// Which checks a finding belongs to, and which of them may clear it: whether every step is finite,
/// the rules over time of every step that is, and those of check-ups.
enum class CheckKind : std::uint8_t { kFinite, kStep, kCheckup };

/// What one check found.
struct CheckedFinding {
  Finding finding;
  bool is_immediate = false;  ///< It needs no patience.
};

class Episodes {
 public:
  explicit Episodes(const Thresholds& thresholds) : thresholds_(thresholds) {}

  /// Takes all that a check of this kind found at `step`, and appends what began, grew worse or
  /// ended. Findings of one rule, verdict and network are one: the worst counts.
  void add(CheckKind kind, std::int64_t step, std::vector<CheckedFinding> found,
           std::vector<HealthEvent>& events);

  const std::vector<Episode>& all() const { return episodes_; }
  std::int64_t forgotten() const { return forgotten_; }

  /// The episode that decides how the network is now; null where none that is open warns.
  const Episode* deciding() const;

  /// All of it. load() is for one that is still empty, and throws as SavedObject does.
  StateJson save() const;
  void load(const SavedObject& saved);

 private:
  /// A finding that held in the last check of its kind, or whose episode is open.
  struct Track {
    CheckKind kind = CheckKind::kFinite;
    Episode episode;  ///< As it would be, or is.
    std::int64_t in_a_row = 0;
    std::int64_t missed = 0;
    bool was_raised = false;
  };

  Track& track_of(CheckKind kind, const Finding& finding);
  void hold(Track& track, std::int64_t step, CheckedFinding found,
            std::vector<HealthEvent>& events);
  void miss(Track& track, std::int64_t step, std::vector<HealthEvent>& events);
  void raise(Track& track, std::int64_t step, std::vector<HealthEvent>& events);
  /// Writes the track's episode back into the list, unless it was forgotten there.
  void store(const Track& track);
  bool reopen(Track& track);
  void explain(std::int64_t step);
  StateJson save_track(const Track& track) const;
  Track load_track(const SavedObject& saved) const;
  void forget_one();

  const Thresholds& thresholds_;
  std::array<std::int64_t, 3> last_checks_{-1, -1, -1};  ///< Steps of the last ones, by CheckKind.
  std::vector<Track> tracks_;
  std::vector<Episode> episodes_;
  std::int64_t forgotten_ = 0;
};

}  // namespace gradvitals
