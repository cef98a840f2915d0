#include "monitor/report/figure/event_marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "monitor/metrics/phrases.h"
#include "monitor/report/figure/drawable_text.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/figure/run_page.h"
#include "monitor/report/finding_text.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

/// More lines than this would hide the curves.
constexpr std::size_t kMostEventLines = 60;
constexpr int kEventLanes = 3;
constexpr int kEventLetterPixels = 9;
/// Episodes that begin so near to each other have one label, of so many rules.
constexpr int kSameLabelPixels = 14;
constexpr std::size_t kMostLabelRules = 5;
constexpr int kMostListedLetters = 92;
constexpr std::array kSeverities = {Severity::kCritical, Severity::kWarning, Severity::kInfo};

/// The most severe first, and of those the earliest.
std::vector<const Episode*> marked_episodes(const TrajectoryReport& run) {
  std::vector<const Episode*> marked;
  for (const Episode& episode : run.episodes) marked.push_back(&episode);
  std::ranges::stable_sort(marked, [](const Episode* a, const Episode* b) {
    if (a->finding.severity != b->finding.severity)
      return a->finding.severity > b->finding.severity;
    return a->first_step < b->first_step;
  });
  if (marked.size() > kMostEventLines) marked.resize(kMostEventLines);
  return marked;
}

/// Of episodes that begin near to each other.
struct EventLabel {
  int x;  ///< In pixels.
  Severity severity;
  std::vector<RuleId> rules;  ///< Of each episode.
};

int pixel_of(std::int64_t step, const StepAxis& steps, const Panel& panel) {
  const double share = (steps.at(step) - steps.low()) / steps.span();
  return panel.left + static_cast<int>(std::lround(share * (panel.right - panel.left)));
}

std::vector<EventLabel> event_labels(const RunView& view, const Panel& panel) {
  std::vector<EventLabel> labels;
  for (const Episode* episode : marked_episodes(view.run)) {
    const int x = pixel_of(episode->first_step, view.steps, panel);
    const auto near = std::ranges::find_if(
        labels, [x](const EventLabel& label) { return std::abs(label.x - x) < kSameLabelPixels; });
    if (near == labels.end()) {
      labels.push_back({x, episode->finding.severity, {episode->finding.rule}});
    } else {
      near->rules.push_back(episode->finding.rule);
    }
  }
  return labels;
}

/// "R2, R14 x3, +2"
std::string rules_text(std::span<const RuleId> rules) {
  std::vector<std::string> texts;
  std::int64_t left = 0;
  std::vector<RuleId> seen;
  for (const RuleId rule : rules) {
    if (std::ranges::count(seen, rule) > 0) continue;
    seen.push_back(rule);
    const std::int64_t count = std::ranges::count(rules, rule);
    if (texts.size() == kMostLabelRules) {
      left += count;
    } else {
      texts.push_back(count == 1 ? std::string(rule_number(rule))
                                 : fmt::format("{} x{}", rule_number(rule), count));
    }
  }
  if (left > 0) texts.push_back(fmt::format("+{}", left));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// Lanes above a panel, and what of them is taken.
class EventLanes {
 public:
  /// The lane, from the lowest on, in which there is room.
  std::optional<int> take(int left, int right) {
    for (int lane = 0; lane < kEventLanes; ++lane) {
      const bool is_free = std::ranges::none_of(
          taken_[static_cast<std::size_t>(lane)],
          [&](const Span& span) { return left <= span.right && span.left <= right; });
      if (!is_free) continue;
      taken_[static_cast<std::size_t>(lane)].push_back({left, right});
      return lane;
    }
    return std::nullopt;
  }

 private:
  struct Span {
    int left;
    int right;
  };
  std::array<std::vector<Span>, kEventLanes> taken_;
};

std::string_view ink_of(Severity severity) {
  return severity >= Severity::kWarning ? color_of(severity) : kFaintInk;
}

/// Episodes of one rule about one tensor, equally severe.
struct EpisodeGroup {
  const Episode* first;
  std::int64_t count;
};

std::vector<EpisodeGroup> episode_groups(const TrajectoryReport& run) {
  std::vector<EpisodeGroup> groups;
  for (const Episode* episode : marked_episodes(run)) {
    const Finding& finding = episode->finding;
    const auto same = std::ranges::find_if(groups, [&finding](const EpisodeGroup& group) {
      const Finding& other = group.first->finding;
      return other.rule == finding.rule && other.severity == finding.severity &&
             other.verdict == finding.verdict && other.tensor == finding.tensor &&
             other.network == finding.network;
    });
    if (same == groups.end()) {
      groups.push_back({episode, 1});
    } else {
      ++same->count;
    }
  }
  return groups;
}

std::string when_text(const EpisodeGroup& group) {
  const Episode& episode = *group.first;
  const std::string first = grouped(episode.first_step);
  if (group.count > 1) return fmt::format("{} times, first at step {}", group.count, first);
  if (episode.is_open) return fmt::format("since step {}", first);
  if (episode.first_step == episode.last_step) return fmt::format("step {}", first);
  return fmt::format("steps {} to {}", first, grouped(episode.last_step));
}

std::string group_line(const EpisodeGroup& group, FigureFormat format) {
  const Finding& finding = group.first->finding;
  const bool decides = finding.severity >= Severity::kWarning;
  std::string judgement =
      fmt::format("  ·  {}{}{}, {}", decides ? name(finding.verdict) : "", decides ? ", " : "",
                  name(finding.severity), when_text(group));
  if (finding.consequence_of) {
    judgement += fmt::format(", by {}", rule_number(*finding.consequence_of));
  }
  // Of what only a run shows, the title is the rule's number alone.
  std::string title = finding_title(finding);
  if (rule_title(finding.rule).empty()) {
    title = fmt::format("{} {}", rule_number(finding.rule), rule_word(finding.rule));
    std::ranges::replace(title, '_', ' ');
    if (!finding.tensor.empty()) title += ": " + finding.tensor;
  }
  const int room = kMostListedLetters - static_cast<int>(judgement.size());
  return shortened(drawable(title, format), room) + judgement;
}

}  // namespace

std::string event_look(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return fmt::format("linewidth 1.6 dashtype 1 linecolor rgb '{}'", kAlarmInk);
    case Severity::kWarning:
      return "linewidth 1.4 dashtype (10,5) linecolor rgb '#b36b00'";
    default:
      return fmt::format("linewidth 1.2 dashtype (2,5) linecolor rgb '{}'", kFaintInk);
  }
}

std::optional<std::int64_t> first_bad_step(const TrajectoryReport& run) {
  std::optional<std::int64_t> first;
  for (const Episode& episode : run.episodes) {
    if (episode.finding.severity < Severity::kWarning) continue;
    first = std::min(first.value_or(episode.first_step), episode.first_step);
  }
  return first;
}

void mark_events(GnuplotScript& script, const RunView& view) {
  for (const Episode* episode : marked_episodes(view.run)) {
    script.line("set arrow from {0:.10g}, graph 0 to {0:.10g}, graph 1 nohead back {1}",
                view.steps.at(episode->first_step), event_look(episode->finding.severity));
  }
}

void label_events(GnuplotScript& script, const RunView& view, const Panel& panel) {
  EventLanes lanes;
  const auto put = [&](const std::string& text, int x, const TextLook& look) {
    const int half = kEventLetterPixels * static_cast<int>(text.size()) / 2;
    const int center = std::clamp(x, panel.left + half, panel.right - half);
    const std::optional<int> lane = lanes.take(center - half - 3, center + half + 3);
    if (lane) script.text(text, center, kEventBaseline - kEventLaneHeight * *lane, look);
  };
  if (const auto step = first_bad_step(view.run)) {
    put(fmt::format("first bad step {}", grouped(*step)), pixel_of(*step, view.steps, panel),
        {.points = 10, .is_bold = true, .color = kAlarmInk, .align = TextAlign::kCenter});
  }
  for (const EventLabel& label : event_labels(view, panel)) {
    put(rules_text(label.rules), label.x,
        {.points = 9, .color = ink_of(label.severity), .align = TextAlign::kCenter});
  }
}

std::vector<std::string> event_keys(const TrajectoryReport& run) {
  std::vector<std::string> keys;
  for (const Severity severity : kSeverities) {
    const bool is_there = std::ranges::any_of(run.episodes, [severity](const Episode& episode) {
      return episode.finding.severity == severity;
    });
    if (!is_there) continue;
    keys.push_back(
        key_line(fmt::format("began: {}", name(severity)), "with lines " + event_look(severity)));
  }
  return keys;
}

void list_events(GnuplotScript& script, const RunView& view, const Panel& panel) {
  script.text("What was found", panel.left, panel.top - 14, {.points = 11, .is_bold = true});
  const std::vector<EpisodeGroup> groups = episode_groups(view.run);
  const auto room = static_cast<std::size_t>((panel.bottom - panel.top) / kRunLineHeight);
  const std::size_t listed = std::min(groups.size(), room - 1);
  std::int64_t left = std::ssize(view.run.episodes) + view.run.forgotten_episodes;
  int y = panel.top + 12;
  for (const EpisodeGroup& group : std::span(groups).first(listed)) {
    script.text(group_line(group, view.format), panel.left, y,
                {.points = 9.5, .color = ink_of(group.first->finding.severity)});
    left -= group.count;
    y += kRunLineHeight;
  }
  const std::string more = listed == 0 ? "nothing"
                           : left > 0  ? fmt::format("and {} more {}, no worse", left,
                                                     plural(left, "episode", "episodes"))
                                       : "";
  if (!more.empty()) script.text(more, panel.left, y, {.points = 9.5, .color = kFaintInk});
}

}  // namespace gradvitals
