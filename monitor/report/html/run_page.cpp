// The page of runs that were judged step by step: one, or several side by side.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "monitor/metrics/phrases.h"
#include "monitor/report/html/html_report.h"
#include "monitor/report/html/html_sections.h"
#include "monitor/report/html/network_data.h"
#include "monitor/report/html/run_data.h"
#include "monitor/report/html/run_difference.h"
#include "monitor/report/html/run_sections.h"
#include "monitor/report/html/shown_run.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

constexpr std::size_t kMostEvents = 200;

/// "A is healthy and B is exploding from step 3 on."
PageVerdict verdict_of_all(std::span<const ShownRun> runs) {
  PageVerdict verdict;
  std::vector<std::string> parts;
  for (const ShownRun& shown : runs) {
    const TrajectoryReport& report = *shown.run->report;
    verdict.severity = std::max(verdict.severity, marked_severity(report));
    const Episode* const worst = deciding_episode(shown);
    if (!is_judged(report)) {
      parts.push_back(fmt::format("in run {} nothing was judged", shown.letter));
    } else if (worst == nullptr) {
      parts.push_back(fmt::format("run {} was healthy", shown.letter));
    } else {
      parts.push_back(
          fmt::format("run {} was {} from step {}{}", shown.letter, word_of(worst->finding.verdict),
                      worst->first_step,
                      worst->is_open ? " to its end" : fmt::format(" to {}", worst->last_step)));
    }
  }
  verdict.headline = sentence(list_names(parts));
  return verdict;
}

void write_run_card(HtmlWriter& out, const ShownRun& shown) {
  const PageVerdict verdict = verdict_of(shown);
  out.open("div", {{"class", fmt::format("card {}", severity_class(verdict.severity))}});
  out.open("h3", {{"class", "name"}});
  out.text(shown.title() + " ");
  write_chip(out, verdict.severity);
  out.close();
  out.element("p", verdict.headline);
  if (verdict.cause != nullptr && !verdict.cause->advice.empty()) {
    out.open("p");
    out.element("strong", "What to do: ");
    out.text(verdict.cause->advice.front());
    out.close();
    if (!verdict.cause_id.empty()) {
      out.open("p", {{"class", "places"}});
      out.element("a", "Why, and what else to do", {{"href", "#" + verdict.cause_id}});
      out.close();
    }
  }
  out.close();
}

void write_run_signs(HtmlWriter& out, std::span<const ShownRun> runs) {
  open_section(out, "signs", "Vital signs at the end",
               "What gradients and signals do on their way through the layers, and the range in "
               "which that is normal.");
  std::vector<PageSigns> columns;
  for (const ShownRun& shown : runs) {
    const TrajectoryReport& report = *shown.run->report;
    columns.push_back(
        {shown.title(), vital_lines(report.vital_signs, report.thresholds, report.last_norm)});
  }
  write_vital_signs(out, columns);
  out.close();
}

void write_events(HtmlWriter& out, const TrajectoryReport& report) {
  if (report.events.empty()) return;
  const std::size_t shown = std::min(report.events.size(), kMostEvents);
  const std::int64_t all = std::ssize(report.events) + report.events_left_out;
  out.open("details");
  out.element("summary", fmt::format("What happened, event by event ({} of {})", shown, all));
  out.open("ul");
  for (std::size_t i = 0; i < shown; ++i) {
    const HealthEvent& event = report.events[i];
    out.element("li",
                fmt::format("step {}: {}: {} ({})", event.step, name(event.kind),
                            event.episode.finding.text, name(event.episode.finding.severity)));
  }
  out.close();
  out.close();
}

/// Root causes, and what they explain folded beneath them.
void write_causes(HtmlWriter& out, const ShownRun& shown) {
  std::vector<const PageFinding*> consequences;
  for (const PageFinding& finding : shown.findings) {
    if (finding.finding->consequence_of) {
      consequences.push_back(&finding);
    } else {
      write_finding(out, finding, shown.page_place());
    }
  }
  if (consequences.empty()) return;
  out.open("details");
  out.element("summary", fmt::format("{} more {} explained by these", consequences.size(),
                                     plural(std::ssize(consequences), "is", "are")));
  for (const PageFinding* finding : consequences) {
    write_finding(out, *finding, shown.page_place());
  }
  out.close();
}

/// Returns them for the script.
Json write_episodes(HtmlWriter& out, std::span<const ShownRun> runs) {
  Json json = Json::array();
  open_section(
      out, "findings", "What was found",
      "Root causes, in the order in which they began. The number is that of the mark on the "
      "curves.");
  for (const ShownRun& shown : runs) {
    const TrajectoryReport& report = *shown.run->report;
    if (runs.size() > 1) out.element("h3", shown.title(), {{"class", "name"}});
    if (shown.findings.empty()) out.element("p", "No rule fired in any step.");
    write_causes(out, shown);
    for (const PageFinding& finding : shown.findings) {
      json.push_back(page_finding_json(finding, shown.page_place()));
    }
    const std::int64_t more =
        std::ssize(report.episodes) - std::ssize(shown.findings) + report.forgotten_episodes;
    if (more > 0) {
      out.element("p", fmt::format("{} more {} not shown, no worse than these.", more,
                                   plural(more, "finding is", "findings are")));
    }
    write_events(out, report);
  }
  out.close();
  return json;
}

Json marks_json(const ShownRun& shown) {
  Json marks = Json::array();
  for (std::size_t i = 0; i < shown.episodes.size(); ++i) {
    const Episode& episode = *shown.episodes[i];
    marks.push_back(
        {{"first", episode.first_step},
         {"last", episode.is_open ? shown.run->report->last_step.value_or(episode.last_step)
                                  : episode.last_step},
         {"text", shown.findings[i].number},
         {"severity", name(episode.finding.severity)},
         {"target", shown.findings[i].id}});
  }
  return marks;
}

std::vector<std::string> run_notes(std::span<const ShownRun> runs) {
  std::vector<std::string> notes;
  for (const ShownRun& shown : runs) {
    const std::string prefix = shown.letter.empty() ? "" : fmt::format("{}: ", shown.letter);
    notes.push_back(prefix + decimation_sentence(*shown.run->series));
    for (const std::string& said : shown.run->report->notes) notes.push_back(prefix + said);
  }
  return notes;
}

HtmlOptions with_settings(const HtmlOptions& options, std::span<const ShownRun> runs) {
  HtmlOptions described = options;
  for (const ShownRun& shown : runs) {
    const std::string prefix = shown.letter.empty() ? "" : fmt::format("{}: ", shown.letter);
    for (const auto& [what, value] : shown.run->settings) {
      described.settings.emplace_back(prefix + what, value);
    }
  }
  return described;
}

Json run_page_data(std::span<const ShownRun> runs) {
  std::vector<const RunSeries*> series;
  Json json = {{"limits", figure_limits_json()},
               {"networks", Json::array()},
               {"runs", Json::array()},
               {"signs", sign_charts_json(runs.front().run->report->thresholds)}};
  for (const ShownRun& shown : runs) {
    series.push_back(shown.run->series);
    json["runs"].push_back(
        series_json(shown.name(), shown.letter, *shown.run->series, shown.findings));
    json["runs"].back()["marks"] = marks_json(shown);
  }
  json["tensors"] = series_tensors_json(series);
  return json;
}

}  // namespace

std::string runs_html(std::span<const HtmlRun> runs, const HtmlOptions& options) {
  if (runs.empty()) throw std::invalid_argument("runs_html: there is no run");
  const std::vector<ShownRun> shown = shown_runs(runs);
  const bool is_one = runs.size() == 1;
  const std::string title =
      is_one ? shown.front().title() : fmt::format("{} runs side by side", runs.size());
  Json data = run_page_data(shown);
  HtmlWriter out;
  write_verdict(out, "gradvitals: " + title,
                is_one ? verdict_of(shown.front()) : verdict_of_all(shown), {.kind = "run"});
  if (!is_one) {
    out.open("div", {{"class", "cards"}});
    for (const ShownRun& run : shown) write_run_card(out, run);
    out.close();
  }
  std::vector<std::pair<std::string, std::string>> links = {{"signs", "Vital signs"},
                                                            {"findings", "What was found"}};
  if (!is_one) links.insert(links.begin(), {"difference", "What differs"});
  write_links(out, run_section_links(std::move(links)));
  if (!is_one) write_run_difference(out, runs);
  write_run_signs(out, shown);
  data["findings"] = write_episodes(out, shown);
  std::string decimation;
  if (is_one) decimation = decimation_sentence(*runs.front().series);
  write_run_plots(out, options, decimation);
  write_origin(out, with_settings(options, shown), runs.front().report->thresholds,
               run_notes(shown));
  return assemble_page({title + ": gradvitals", std::move(out).finish(), std::move(data)});
}

}  // namespace gradvitals
