#include "monitor/report/training.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/finding_text.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

/// A long training under a low limit has hundreds; JSON lists them all.
constexpr std::size_t kMostEpisodesTold = 20;

/// Whether the story tells of it: neither information alone nor what something else explains.
bool is_worth_telling(const Episode& episode) {
  return episode.finding.severity >= Severity::kWarning && !episode.finding.consequence_of;
}

std::string span_of_steps(const Episode& episode) {
  if (episode.first_step == episode.last_step) return fmt::format("step {}", episode.first_step);
  return fmt::format("steps {} to {}", episode.first_step, episode.last_step);
}

/// Of the first of those that decide the verdict.
std::string since_when(const TrainingReport& report) {
  for (const Episode& episode : report.episodes) {
    if (episode.is_open && episode.finding.verdict == report.verdict) {
      return fmt::format(" since step {}", episode.first_step);
    }
  }
  return "";
}

std::string verdict_sentence(const TrainingReport& report) {
  const std::string made = report.steps < report.planned_steps
                               ? fmt::format("{} of {} steps", report.steps, report.planned_steps)
                               : steps_text(report.steps);
  if (report.severity >= Severity::kWarning) {
    return fmt::format("{}: {}{}, after {}\n", marker(report.severity), name(report.verdict),
                       since_when(report), made);
  }
  if (report.worst_severity < Severity::kWarning) {
    return fmt::format("{}: healthy from the first step to the last, {}\n", marker(Severity::kOk),
                       made);
  }
  // Something was wrong, and is over: the line is as loud as that was.
  const auto told = std::ranges::count_if(report.episodes, is_worth_telling);
  return fmt::format("{}: healthy at the end, after {}; {} {} before\n",
                     marker(report.worst_severity), made, told,
                     plural(told, "episode", "episodes"));
}

std::string episode_text(const Episode& episode) {
  const Finding& finding = episode.finding;
  std::string text =
      fmt::format("{}: {}: {} {}\n", marker(finding.severity), span_of_steps(episode),
                  rule_number(finding.rule), printable(finding.text));
  if (episode.first_step != episode.last_step) {
    text += fmt::format("   worst in step {}, {}\n", episode.peak_step,
                        episode.is_open ? "not over at the end" : "over");
  }
  return text + finding_evidence(finding) + finding_advice(finding);
}

std::string story_text(const TrainingReport& report) {
  std::vector<const Episode*> told;
  for (const Episode& episode : report.episodes) {
    if (is_worth_telling(episode)) told.push_back(&episode);
  }
  if (told.empty()) return "";
  std::string text = fmt::format("\n🩺 WHAT HAPPENED:\n{:=<50}\n", "");
  const std::size_t shown = std::min(told.size(), kMostEpisodesTold);
  for (std::size_t i = 0; i < shown; ++i) text += episode_text(*told[i]);
  const std::int64_t left =
      static_cast<std::int64_t>(told.size() - shown) + report.forgotten_episodes;
  if (left > 0) text += fmt::format("   and {} more\n", left);
  return text;
}

std::string score_text(const TrainingScore& score) {
  const std::string value = score.name == "accuracy" ? fmt::format("{:.2f} %", 100.0 * score.score)
                                                     : fmt::format("{:.4f}", score.score);
  return fmt::format("   {:<16}{} {}, loss {}; {} samples\n", "Held out", printable(score.name),
                     value, three_digits(score.loss), score.samples);
}

std::string result_text(const TrainingReport& report) {
  std::string text = fmt::format("\n📊 RESULT:\n{:=<50}\n", "");
  if (report.loss)
    text += fmt::format("   {:<16}{}\n", "Loss, last step", three_digits(*report.loss));
  if (report.validation) text += score_text(*report.validation);
  for (const auto& [what, path] : report.files) {
    text += fmt::format("   {:<16}{}\n", what, printable(path));
  }
  for (const std::string& note : report.notes) {
    text += fmt::format("{}: {}\n", marker(Severity::kWarning), printable(note));
  }
  return text;
}

}  // namespace

std::string training_text(const TrainingReport& report, std::string_view panel, TextStyle style) {
  std::string text = fmt::format("{0:=<60}\nTRAINING: {1}\n{0:=<60}\n", "", printable(report.name));
  for (const auto& [key, value] : report.settings) {
    text += fmt::format("   {:<16}{}\n", key, printable(value));
  }
  text += '\n' + verdict_sentence(report) + story_text(report) + result_text(report);
  return decorate(text + std::string(panel), style);
}

std::string alert_text(const HealthEvent& event) {
  const Finding& finding = event.episode.finding;
  const std::string what = fmt::format("{} {}", rule_number(finding.rule), printable(finding.text));
  if (event.kind == HealthEventKind::kEnded) {
    return fmt::format("{}: step {}: over since step {}: {}", marker(Severity::kOk), event.step,
                       event.episode.last_step + 1, what);
  }
  const std::string_view worse = event.kind == HealthEventKind::kWorsened ? "worse: " : "";
  return fmt::format("{}: step {}: {}{}", marker(finding.severity), event.step, worse, what);
}

}  // namespace gradvitals
