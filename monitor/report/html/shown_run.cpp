#include "monitor/report/html/shown_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "monitor/metrics/phrases.h"
#include "monitor/report/html/run_data.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

/// More would hide the first ones; all of them are in the JSON.
constexpr std::size_t kMostEpisodes = 40;

/// The worst ones, in their order.
std::vector<const Episode*> episodes_to_show(const TrajectoryReport& report) {
  std::vector<const Episode*> shown;
  for (const Episode& episode : report.episodes) shown.push_back(&episode);
  std::ranges::stable_sort(shown, std::ranges::greater(),
                           [](const Episode* episode) { return episode->finding.severity; });
  shown.resize(std::min(shown.size(), kMostEpisodes));
  std::ranges::stable_sort(shown, {}, [](const Episode* episode) { return episode->first_step; });
  return shown;
}

std::string when_of(const Episode& episode) {
  std::string text = episode.first_step == episode.last_step
                         ? fmt::format("at step {}", episode.first_step)
                         : fmt::format("from step {} to {}", episode.first_step, episode.last_step);
  if (episode.is_open) text += ", and still there at the end";
  if (episode.peak_step != episode.first_step) {
    text += fmt::format("; worst at step {}", episode.peak_step);
  }
  text += fmt::format("; seen in {} {}", episode.count, plural(episode.count, "check", "checks"));
  if (episode.finding.consequence_of) {
    text += fmt::format("; explained by {}", rule_number(*episode.finding.consequence_of));
  }
  return text;
}

std::string id_of(const ShownRun& shown, const Episode* episode) {
  const auto place = std::ranges::find(shown.episodes, episode);
  if (place == shown.episodes.end()) return "";
  return shown.findings[static_cast<std::size_t>(place - shown.episodes.begin())].id;
}

/// "300 steps were judged, 0 to 299; the loss went from 2.35 to 0.0158."
std::string judged_part(const TrajectoryReport& report) {
  std::string text =
      fmt::format("{} {} judged", steps_text(report.steps), plural(report.steps, "was", "were"));
  if (report.first_step) text += fmt::format(", {} to {}", *report.first_step, *report.last_step);
  if (report.first_loss && report.last_loss) {
    text += fmt::format("; the loss went from {} to {}", three_digits(*report.first_loss),
                        three_digits(*report.last_loss));
  }
  return text + ".";
}

/// What is wrong, since when, and what that means.
std::string headline_of(const TrajectoryReport& report, const Episode& worst) {
  const Verdict verdict = worst.finding.verdict;
  if (worst.is_open) {
    return fmt::format("The run has been {} since step {}: {}.", word_of(verdict), worst.first_step,
                       meaning(verdict));
  }
  const std::string when =
      worst.first_step == worst.last_step
          ? fmt::format("at step {}", worst.first_step)
          : fmt::format("from step {} to {}", worst.first_step, worst.last_step);
  return fmt::format("The run was {} {}: {}. At its end it is {}.", word_of(verdict), when,
                     meaning(verdict), word_of(report.verdict));
}

}  // namespace

std::vector<ShownRun> shown_runs(std::span<const HtmlRun> runs) {
  std::vector<ShownRun> shown;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    ShownRun& added = shown.emplace_back();
    added.run = &runs[i];
    added.place = i;
    added.letter = run_letter(i, runs.size());
    added.episodes = episodes_to_show(*runs[i].report);
    for (const Episode* episode : added.episodes) {
      const std::size_t number = added.findings.size() + 1;
      added.findings.push_back({.finding = &episode->finding,
                                .id = fmt::format("finding-{}-{}", i, number),
                                .number = fmt::format("{}{}", added.letter, number),
                                .when = when_of(*episode),
                                .step = episode->first_step});
    }
  }
  return shown;
}

const Episode* deciding_episode(const ShownRun& shown) {
  const Episode* const worst = worst_episode(*shown.run->report);
  return worst != nullptr && worst->finding.severity >= Severity::kWarning ? worst : nullptr;
}

PageVerdict verdict_of(const ShownRun& shown) {
  const TrajectoryReport& report = *shown.run->report;
  PageVerdict verdict;
  verdict.severity = marked_severity(report);
  verdict.headline = run_verdict_sentence(report);
  if (learnt_a_constant(report)) {
    verdict.details = {
        "Train for more steps or with a larger learning rate, or have remedies tried: gradvitals "
        "prescribe."};
  }
  if (const Episode* worst = deciding_episode(shown)) {
    const Episode& root = *episode_to_treat(report);
    verdict.details = {worst->finding.text};
    if (&root != worst) verdict.details.push_back("It follows from this: " + root.finding.text);
    verdict.details.push_back(judged_part(report));
    verdict.headline = headline_of(report, *worst);
    verdict.cause = &root.finding;
    verdict.cause_id = id_of(shown, &root);
    verdict.step = root.first_step;
  }
  return verdict;
}

}  // namespace gradvitals
