#include "monitor/report/trajectory_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/aligned_table.h"
#include "monitor/report/finding_text.h"
#include "monitor/report/number_text.h"
#include "monitor/report/sparkline.h"
#include "monitor/report/thresholds_text.h"
#include "monitor/report/vital_signs_text.h"
#include "monitor/rules/root_causes.h"

namespace gradvitals {
namespace {

/// A table that fits on a screen.
constexpr std::size_t kMostEpisodeRows = 30;

std::string step_range(std::int64_t first, std::int64_t last) {
  return first == last ? fmt::format("at step {}", first)
                       : fmt::format("from step {} to {}", first, last);
}

/// What lasts has no last step: check-ups have seen it up to one.
std::string when_text_of(const Episode& episode) {
  return episode.is_open ? fmt::format("since step {}", episode.first_step)
                         : step_range(episode.first_step, episode.last_step);
}

/// "1000 steps (0 to 999)"; of a run that was resumed "1000 steps (900 to 999 of them since it was
/// resumed)".
std::string judged_steps(const TrajectoryReport& report) {
  std::string text = fmt::format("{} {}", report.steps, plural(report.steps, "step", "steps"));
  if (report.first_step) {
    const bool is_resumed = report.steps > *report.last_step - *report.first_step + 1;
    text += fmt::format(" ({} to {}{})", *report.first_step, *report.last_step,
                        is_resumed ? " of them since it was resumed" : "");
  }
  return text;
}

std::string loss_phrase(const TrajectoryReport& report) {
  if (!report.first_loss || !report.last_loss) return "";
  return fmt::format("; the loss went from {} to {}", three_digits(*report.first_loss),
                     three_digits(*report.last_loss));
}

std::string optional_number(const std::optional<double>& value) {
  return value ? three_digits(*value) : "-";
}

/// "R14", with what explains it.
std::string rule_in_sentence(const Finding& finding) {
  const std::string_view rule = rule_number(finding.rule);
  if (!finding.consequence_of) return std::string(rule);
  return fmt::format("{}, by {}", rule, rule_number(*finding.consequence_of));
}

/// "R14 Spikes", with what explains it.
std::string rule_cell(const Finding& finding) {
  std::string text(rule_number(finding.rule));
  if (!rule_word(finding.rule).empty()) text += fmt::format(" {}", rule_word(finding.rule));
  if (finding.consequence_of) text += fmt::format(" (by {})", rule_number(*finding.consequence_of));
  return text;
}

std::string_view severity_symbol(Severity severity) {
  const std::string_view text = marker(severity);
  return text.substr(0, text.find(' '));
}

TableRow episode_row(const Episode& episode) {
  const Finding& finding = episode.finding;
  return {std::string(severity_symbol(finding.severity)),
          rule_cell(finding),
          std::string(name(finding.severity)),
          finding.tensor.empty() ? "-" : printable(finding.tensor),
          fmt::to_string(episode.first_step),
          episode.is_open ? "open" : fmt::to_string(episode.last_step),
          fmt::to_string(episode.peak_step),
          fmt::to_string(episode.count),
          optional_number(finding.value),
          optional_number(finding.threshold)};
}

/// The worst ones in their order, where there are too many.
std::vector<const Episode*> shown_episodes(const TrajectoryReport& report) {
  std::vector<const Episode*> shown;
  for (const Episode& episode : report.episodes) shown.push_back(&episode);
  if (shown.size() <= kMostEpisodeRows) return shown;
  std::ranges::stable_sort(shown, std::ranges::greater(),
                           [](const Episode* episode) { return episode->finding.severity; });
  shown.resize(kMostEpisodeRows);
  std::ranges::stable_sort(shown, {}, [](const Episode* episode) { return episode->first_step; });
  return shown;
}

std::string episodes_text(const TrajectoryReport& report, TextStyle style) {
  // What is known of each without them: its symbol says how severe it is.
  constexpr std::array<std::string_view, 5> kSpare = {"Severity", "Peak", "Checks", "Limit",
                                                      "Value"};
  if (report.episodes.empty()) return "";
  std::vector<TableRow> rows = {
      {"", "Rule", "Severity", "Tensor", "First", "Last", "Peak", "Checks", "Value", "Limit"}};
  for (const Episode* episode : shown_episodes(report)) rows.push_back(episode_row(*episode));
  const std::int64_t more =
      std::ssize(report.episodes) - (std::ssize(rows) - 1) + report.forgotten_episodes;
  if (more > 0) {
    rows.push_back(
        {fmt::format("    ... {} more {}, no worse", more, plural(more, "episode", "episodes"))});
  }
  return decorate("\n📊 EPISODES\n", style) + aligned_table(rows, style, kSpare);
}

/// The episode that this one names as its cause: of several the last that began before it ended.
/// Itself where it names none, or where that one has been forgotten.
const Episode& root_episode(const TrajectoryReport& report, const Episode& effect) {
  const Episode* root = &effect;
  if (!effect.finding.consequence_of) return effect;
  for (const Episode& episode : report.episodes) {
    const Finding& finding = episode.finding;
    const bool is_cause = !finding.consequence_of && is_named_cause(finding, effect.finding) &&
                          episode.first_step <= effect.last_step;
    if (is_cause && (root == &effect || episode.first_step >= root->first_step)) root = &episode;
  }
  return *root;
}

/// The worst episode by its root cause, which is what there is something to do about.
std::string worst_text(const TrajectoryReport& report) {
  const Episode* const worst = worst_episode(report);
  if (worst == nullptr) return "";
  const Episode& root = root_episode(report, *worst);
  const bool is_root = &root == worst;
  std::string text = fmt::format("\n🩺 {}: {}\n{:=<50}\n",
                                 is_root ? "WORST EPISODE" : "ROOT CAUSE OF THE WORST EPISODE",
                                 when_text_of(root), "") +
                     finding_headline(root.finding) + finding_evidence(root.finding) +
                     finding_advice(root.finding);
  if (is_root) return text;
  return text + fmt::format("   It explains the worst, {}:\n      {}", when_text_of(*worst),
                            finding_headline(worst->finding));
}

constexpr std::ptrdiff_t kCurveLabelWidth = 19;

/// The peaks of pairs of neighbours, until there are no more than so many.
void merge_to(std::vector<double>& peaks, std::ptrdiff_t most) {
  while (std::ssize(peaks) > std::max<std::ptrdiff_t>(most, 8)) {
    std::vector<double> merged;
    for (std::size_t i = 0; i < peaks.size(); i += 2) {
      const double next = i + 1 < peaks.size() ? peaks[i + 1] : peaks[i];
      // What is not finite stays to be seen.
      const bool are_known = std::isfinite(peaks[i]) && std::isfinite(next);
      merged.push_back(are_known ? std::max(peaks[i], next)
                                 : std::numeric_limits<double>::quiet_NaN());
    }
    peaks = std::move(merged);
  }
}

/// Empty where fewer than two points are known.
std::string curve_line(const TrajectoryReport& report, std::string_view label,
                       SignalRange HistoryInterval::*signal, TextStyle style) {
  std::vector<double> peaks;
  bool is_known = false;
  for (const HistoryInterval& interval : report.curve.intervals()) {
    const SignalRange& range = interval.*signal;
    is_known |= range.count > 0;
    peaks.push_back(range.peak().value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  if (!is_known || peaks.size() < 2) return "";
  SparkRange drawn;
  widen(drawn, peaks);
  if (!(drawn.high > 0.0)) return "";
  const std::string range =
      fmt::format("{} to {}", three_digits(drawn.low), three_digits(drawn.high));
  if (style.width > 0) {
    merge_to(peaks, style.width - kCurveLabelWidth - std::ssize(range) - 2);
  }
  return fmt::format("   {:<16}{}  {}\n", label, sparkline(peaks, drawn, style), range);
}

std::string curve_text(const TrajectoryReport& report, TextStyle style) {
  const std::string lines =
      curve_line(report, "Loss", &HistoryInterval::loss, style) +
      curve_line(report, "Gradient norm", &HistoryInterval::global_norm, style);
  if (lines.empty()) return "";
  return decorate("\n📊 OVER THE STEPS (peaks, on a logarithmic scale):\n", style) + lines;
}

std::string constant_sentence(const TrajectoryReport& report) {
  if (!learnt_a_constant(report)) return "";
  return fmt::format(
      " But the network has learnt no more than a constant: its loss is {}, that of the best "
      "constant prediction {}.",
      three_digits(report.baseline->loss), three_digits(report.baseline->constant_loss));
}

}  // namespace

void add_to_curve(TrajectoryReport& report, std::int64_t step, std::optional<double> loss,
                  std::optional<double> global_norm) {
  HistoryStep added;
  added.metrics.step = step;
  added.metrics.loss = loss;
  if (global_norm) added.metrics.gradient_norms = {*global_norm};
  report.curve.add(std::move(added));
}

bool is_judged(const TrajectoryReport& report) {
  if (report.steps == 0) return false;
  // Where no step was seen here, those before it was resumed were judged.
  return report.evidence.steps() == 0 || report.evidence.judged_steps() > 0 ||
         !report.episodes.empty();
}

const Episode* worst_episode(const TrajectoryReport& report) {
  const auto rank = [](const Episode& episode) {
    return std::tuple(episode.finding.severity, !episode.finding.consequence_of, episode.is_open);
  };
  const Episode* worst = nullptr;
  for (const Episode& episode : report.episodes) {
    if (worst == nullptr || rank(*worst) < rank(episode)) worst = &episode;
  }
  return worst;
}

const Episode* episode_to_treat(const TrajectoryReport& report) {
  const Episode* const worst = worst_episode(report);
  const bool is_bad = worst != nullptr && worst->finding.severity >= Severity::kWarning;
  return is_bad ? &root_episode(report, *worst) : nullptr;
}

bool learnt_a_constant(const TrajectoryReport& report) {
  return is_judged(report) && report.verdict == Verdict::kHealthy && report.baseline &&
         !report.baseline->is_beaten;
}

Verdict run_verdict(const TrajectoryReport& report) {
  if (!is_judged(report)) return Verdict::kNoGradient;
  const Episode* const worst = worst_episode(report);
  const bool decides = worst != nullptr && worst->finding.severity >= Severity::kWarning;
  return decides ? worst->finding.verdict : Verdict::kHealthy;
}

Severity marked_severity(const TrajectoryReport& report) {
  // What only informs is no reason to look twice. Where nothing was judged, nothing is known to be well.
  if (report.worst_severity >= Severity::kWarning) return report.worst_severity;
  return !is_judged(report) || learnt_a_constant(report) ? Severity::kInfo : Severity::kOk;
}

std::string run_verdict_sentence(const TrajectoryReport& report) {
  if (report.steps == 0) return "The run holds no step: nothing was judged.";
  if (!is_judged(report)) {
    return fmt::format("The run holds no gradient: nothing was judged in its {}{}.",
                       judged_steps(report), loss_phrase(report));
  }
  const Episode* const worst = worst_episode(report);
  const bool is_healthy = worst == nullptr || worst->finding.severity < Severity::kWarning;
  if (is_healthy) {
    const std::string_view subject =
        learnt_a_constant(report) ? "The gradients of the run were" : "The run was";
    return fmt::format("{} healthy over {}{}.{}", subject, judged_steps(report),
                       loss_phrase(report), constant_sentence(report));
  }
  const std::string_view verdict = name(worst->finding.verdict);
  const std::string rule = rule_in_sentence(worst->finding);
  if (worst->is_open) {
    return fmt::format("The run has been {} since step {} ({}); {} judged{}.", verdict,
                       worst->first_step, rule, judged_steps(report), loss_phrase(report));
  }
  const std::string at_end = report.verdict == Verdict::kHealthy
                                 ? std::string("is healthy at its end")
                                 : fmt::format("is {} at its end", name(report.verdict));
  return fmt::format("The run was {} {} ({}) and {}; {} judged{}.{}", verdict,
                     step_range(worst->first_step, worst->last_step), rule, at_end,
                     judged_steps(report), loss_phrase(report), constant_sentence(report));
}

std::string trajectory_text(const TrajectoryReport& report, TextStyle style) {
  std::string text = decorate(
      fmt::format("{}: {}\n", marker(marked_severity(report)), run_verdict_sentence(report)),
      style);
  if (learnt_a_constant(report)) {
    text += decorate(
        "   Train for more steps or with a larger learning rate, or have remedies tried: "
        "gradvitals prescribe\n",
        style);
  }
  for (const std::string& said : report.notes) {
    text += decorate(fmt::format("{}: {}\n", marker(Severity::kInfo), printable(said)), style);
  }
  text += thresholds_text(report.thresholds, style);
  text += curve_text(report, style);
  if (!is_judged(report)) return text;
  text += episodes_text(report, style);
  text += decorate(worst_text(report), style);
  text +=
      decorate("\n🫀 VITAL SIGNS:\n" + vital_signs_panel(report.vital_signs, report.thresholds,
                                                           report.last_norm, style),
               style);
  return text;
}

}  // namespace gradvitals
