// What Episodes saves of itself.
#include <algorithm>
#include <string_view>

#include "monitor/trajectory/episodes.h"
#include "monitor/trajectory/health_tracker.h"
#include "monitor/trajectory/tracker_state.h"

namespace gradvitals {
namespace {

std::string_view check_name(CheckKind kind) {
  switch (kind) {
    case CheckKind::kFinite:
      return "finite";
    case CheckKind::kStep:
      return "step";
    case CheckKind::kCheckup:
      return "checkup";
  }
  return {};
}

}  // namespace

StateJson Episodes::save_track(const Track& track) const {
  return {{"check", check_name(track.kind)},
          {"in_a_row", track.in_a_row},
          {"missed", track.missed},
          {"was_raised", track.was_raised},
          {"episode", save_episode(track.episode)}};
}

Episodes::Track Episodes::load_track(const SavedObject& saved) const {
  return {.kind = saved.named<CheckKind>("check", check_name),
          .episode = load_episode(saved.object("episode")),
          .in_a_row = saved.whole_number("in_a_row", 0),
          .missed = saved.whole_number("missed", 0),
          .was_raised = saved.flag("was_raised")};
}

StateJson Episodes::save() const {
  StateJson tracks = StateJson::array();
  for (const Track& track : tracks_) tracks.push_back(save_track(track));
  StateJson episodes = StateJson::array();
  for (const Episode& episode : episodes_) episodes.push_back(save_episode(episode));
  return {{"last_checks", last_checks_},
          {"forgotten", forgotten_},
          {"tracks", tracks},
          {"all", episodes}};
}

void Episodes::load(const SavedObject& saved) {
  const std::vector<std::int64_t> checks = saved.whole_numbers("last_checks");
  if (checks.size() != last_checks_.size()) saved.refuse("last_checks", "has not one of each kind");
  std::ranges::copy(checks, last_checks_.begin());
  forgotten_ = saved.whole_number("forgotten", 0);
  for (const SavedObject& track : saved.objects("tracks")) tracks_.push_back(load_track(track));
  for (const SavedObject& episode : saved.objects("all", HealthTracker::kMostEpisodes)) {
    episodes_.push_back(load_episode(episode));
  }
  if (!std::ranges::is_sorted(episodes_, {}, &Episode::first_step)) {
    saved.refuse("all", "is not in the order of first steps");
  }
}

}  // namespace gradvitals
