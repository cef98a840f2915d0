#include "monitor/trajectory/episodes.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "monitor/rules/root_causes.h"
#include "monitor/rules/rule.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals {
namespace {

bool is_same_kind(const Finding& a, const Finding& b) {
  return a.rule == b.rule && a.verdict == b.verdict && a.network == b.network;
}

bool is_same_episode(const Episode& a, const Episode& b) {
  return a.first_step == b.first_step && is_same_kind(a.finding, b.finding);
}

/// Of the findings that one check made of one kind, the worst, the first of those as bad.
std::vector<CheckedFinding> worst_of_each_kind(std::vector<CheckedFinding> found) {
  std::vector<CheckedFinding> worst;
  for (CheckedFinding& candidate : found) {
    const auto known = std::ranges::find_if(worst, [&candidate](const CheckedFinding& other) {
      return is_same_kind(other.finding, candidate.finding);
    });
    if (known == worst.end()) {
      worst.push_back(std::move(candidate));
    } else if (candidate.finding.severity > known->finding.severity) {
      *known = std::move(candidate);
    }
  }
  return worst;
}

/// Whether the finding shows more of what the other one shows.
bool is_worse(const Finding& finding, const Finding& than) {
  if (finding.severity != than.severity) return finding.severity > than.severity;
  if (!finding.value || !than.value || !finding.threshold || !than.threshold) return false;
  const bool grows = *than.value > *than.threshold;
  return grows ? *finding.value > *than.value : *finding.value < *than.value;
}

/// Weights that a check found in order were made to let gradients grow by the steps since, not by how
/// they began.
bool grew_in_training(const Episode& episode) {
  const Finding& finding = episode.finding;
  const bool is_flow =
      finding.rule == RuleId::kBackwardFactor || finding.rule == RuleId::kForwardGain;
  return is_flow && finding.verdict == Verdict::kExploding && episode.after_step >= 0;
}

std::vector<std::string> advice_for_growth_in_training() {
  return {"Lower the learning rate or warm it up: at the check-up before, signals passed in order",
          "Clip gradients by their global norm", "Add normalisation layers"};
}

/// What ended so long ago explains nothing any more, and does not come back as the same.
constexpr std::int64_t kStepsOfInfluence = 32;

/// Whether one may have brought the other about. A cause can be found later than its effect, but did
/// not begin before the check that did not find it.
bool may_precede(const Episode& cause, const Episode& effect) {
  return cause.after_step < effect.first_step;
}

bool is_explosion(const Episode& episode) {
  const Verdict verdict = episode.finding.verdict;
  const bool explodes = verdict == Verdict::kExploding || verdict == Verdict::kUnstable;
  return explodes && decides(episode.finding);
}

/// What explodes ends in NaN.
bool ends_in_non_finite(const Episode& cause, const Episode& effect) {
  return effect.finding.rule == RuleId::kNonFinite && is_explosion(cause) &&
         cause.first_step < effect.first_step && may_explain(cause.finding, effect.finding);
}

/// What explodes throws units to their ends, where no gradient passes: those that a check still found in
/// order once it had begun.
bool ends_in_silence(const Episode& cause, const Episode& effect) {
  const Verdict verdict = effect.finding.verdict;
  const bool is_silent =
      verdict == Verdict::kDead || verdict == Verdict::kSaturated || verdict == Verdict::kVanishing;
  return is_silent && is_explosion(cause) && cause.first_step <= effect.after_step &&
         may_explain(cause.finding, effect.finding);
}

/// The rule of the episode that explains this one, among `episodes`, where it is one of them.
std::optional<RuleId> cause_among(std::span<const Episode* const> episodes, std::size_t effect) {
  std::vector<Finding> findings;
  std::size_t place = 0;
  for (std::size_t i = 0; i < episodes.size(); ++i) {
    if (i == effect) place = findings.size();
    if (i != effect && !may_precede(*episodes[i], *episodes[effect])) continue;
    findings.push_back(episodes[i]->finding);
    findings.back().consequence_of.reset();
  }
  group_by_root_cause(findings);
  if (findings[place].consequence_of) return findings[place].consequence_of;
  for (const Episode* const cause : episodes) {
    const bool brought_about =
        ends_in_non_finite(*cause, *episodes[effect]) || ends_in_silence(*cause, *episodes[effect]);
    if (!brought_about) continue;
    const RuleId root = cause->finding.consequence_of.value_or(cause->finding.rule);
    if (root != findings[place].rule) return root;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(HealthEventKind kind) {
  switch (kind) {
    case HealthEventKind::kBegan:
      return "began";
    case HealthEventKind::kWorsened:
      return "worsened";
    case HealthEventKind::kEnded:
      return "ended";
  }
  return "began";
}

void Episodes::add(CheckKind kind, std::int64_t step, std::vector<CheckedFinding> found,
                   std::vector<HealthEvent>& events) {
  std::vector<CheckedFinding> worst = worst_of_each_kind(std::move(found));
  const std::size_t first_event = events.size();
  for (CheckedFinding& checked : worst) {
    Track& track = track_of(kind, checked.finding);
    hold(track, step, std::move(checked), events);
  }
  for (Track& track : tracks_) {
    if (track.kind == kind && track.episode.last_step != step) miss(track, step, events);
  }
  last_checks_.at(static_cast<std::size_t>(kind)) = step;
  std::erase_if(tracks_,
                [](const Track& track) { return track.in_a_row == 0 && !track.was_raised; });
  if (events.size() == first_event) return;
  explain(step);
  for (std::size_t i = first_event; i < events.size(); ++i) {
    const auto stored = std::ranges::find_if(episodes_, [&](const Episode& episode) {
      return is_same_episode(episode, events[i].episode);
    });
    if (stored != episodes_.end()) {
      events[i].episode.finding.consequence_of = stored->finding.consequence_of;
    }
  }
}

Episodes::Track& Episodes::track_of(CheckKind kind, const Finding& finding) {
  const auto known = std::ranges::find_if(tracks_, [&](const Track& track) {
    return track.kind == kind && is_same_kind(track.episode.finding, finding);
  });
  if (known != tracks_.end()) return *known;
  Track& track = tracks_.emplace_back();
  track.kind = kind;
  return track;
}

void Episodes::hold(Track& track, std::int64_t step, CheckedFinding found,
                    std::vector<HealthEvent>& events) {
  Episode& episode = track.episode;
  const Severity before = episode.finding.severity;
  const bool is_first = episode.count == 0;
  if (is_first) {
    episode.first_step = step;
    episode.after_step = last_checks_.at(static_cast<std::size_t>(track.kind));
  }
  if (is_first || is_worse(found.finding, episode.finding)) {
    episode.finding = std::move(found.finding);
    if (grew_in_training(episode)) episode.finding.advice = advice_for_growth_in_training();
    episode.peak_step = step;
  }
  episode.last_step = step;
  ++episode.count;
  ++track.in_a_row;
  track.missed = 0;
  if (track.was_raised) {
    store(track);
    if (episode.finding.severity > before) {
      events.push_back({HealthEventKind::kWorsened, step, episode});
    }
  } else if (found.is_immediate || track.in_a_row >= thresholds_.patience) {
    raise(track, step, events);
  }
}

void Episodes::miss(Track& track, std::int64_t step, std::vector<HealthEvent>& events) {
  track.in_a_row = 0;
  if (!track.was_raised || ++track.missed < thresholds_.clear_after) return;
  track.episode.is_open = false;
  store(track);
  events.push_back({HealthEventKind::kEnded, step, track.episode});
  track.was_raised = false;
}

void Episodes::raise(Track& track, std::int64_t step, std::vector<HealthEvent>& events) {
  track.was_raised = true;
  if (reopen(track)) {
    events.push_back({HealthEventKind::kBegan, step, track.episode});
    return;
  }
  if (episodes_.size() == HealthTracker::kMostEpisodes) forget_one();
  const auto behind =
      std::ranges::upper_bound(episodes_, track.episode.first_step, {}, &Episode::first_step);
  episodes_.insert(behind, track.episode);
  events.push_back({HealthEventKind::kBegan, step, track.episode});
}

/// Goes on with the episode of its kind that ended a moment ago.
bool Episodes::reopen(Track& track) {
  const Episode& now = track.episode;
  const auto before = std::ranges::find_if(episodes_, [&now](const Episode& episode) {
    return !episode.is_open && is_same_kind(episode.finding, now.finding) &&
           episode.last_step + kStepsOfInfluence >= now.first_step;
  });
  if (before == episodes_.end()) return false;
  before->is_open = true;
  before->last_step = now.last_step;
  before->count += now.count;
  if (is_worse(now.finding, before->finding)) {
    const std::optional<RuleId> cause = before->finding.consequence_of;
    before->finding = now.finding;
    before->finding.consequence_of = cause;
    before->peak_step = now.peak_step;
  }
  track.episode = *before;
  return true;
}

void Episodes::store(const Track& track) {
  const auto stored = std::ranges::find_if(episodes_, [&track](const Episode& episode) {
    return episode.is_open && is_same_episode(episode, track.episode);
  });
  if (stored == episodes_.end()) return;  // Forgotten.
  const std::optional<RuleId> cause = stored->finding.consequence_of;
  *stored = track.episode;
  stored->finding.consequence_of = cause;
}

/// Of those that are open, and of those that ended a moment ago, some explain others: what only check-ups
/// find is told when its first effects may be over. An explanation stays, or gives way to another: its cause
/// may have ended long before it.
void Episodes::explain(std::int64_t step) {
  std::vector<const Episode*> recent;
  for (const Episode& episode : episodes_) {
    const bool is_recent = episode.is_open || episode.last_step + kStepsOfInfluence >= step;
    if (is_recent) recent.push_back(&episode);
  }
  std::vector<std::optional<RuleId>> causes;
  for (std::size_t i = 0; i < recent.size(); ++i) causes.push_back(cause_among(recent, i));
  std::size_t next = 0;
  for (Episode& episode : episodes_) {
    if (next == recent.size() || recent[next] != &episode) continue;
    const std::optional<RuleId> cause = causes[next++];
    if (cause) episode.finding.consequence_of = cause;
  }
}

/// The least severe of those that have ended, the earliest of those alike; where none has, the first.
void Episodes::forget_one() {
  const auto least = std::ranges::min_element(episodes_, {}, [](const Episode& episode) {
    return std::tuple(episode.is_open, episode.finding.severity);
  });
  episodes_.erase(least);
  ++forgotten_;
}

const Episode* Episodes::deciding() const {
  const Episode* deciding = nullptr;
  // What is over explains no more how the network is now.
  const auto is_root = [this](const Episode& effect) {
    return std::ranges::none_of(episodes_, [&effect](const Episode& cause) {
      return cause.is_open && decides(cause.finding) &&
             is_named_cause(cause.finding, effect.finding);
    });
  };
  const auto rank = [&is_root](const Episode& episode) {
    return std::tuple(is_root(episode), episode.finding.severity,
                      -static_cast<int>(episode.finding.rule));
  };
  for (const Episode& episode : episodes_) {
    if (!episode.is_open || !decides(episode.finding)) continue;
    if (deciding == nullptr || rank(episode) > rank(*deciding)) deciding = &episode;
  }
  return deciding;
}

}  // namespace gradvitals
