// The page of dumped steps of one run, each judged by itself and all together.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "monitor/metrics/phrases.h"
#include "monitor/report/html/html_report.h"
#include "monitor/report/html/html_sections.h"
#include "monitor/report/html/network_data.h"
#include "monitor/report/html/run_data.h"
#include "monitor/report/html/run_sections.h"
#include "monitor/report/number_text.h"
#include "monitor/report/run.h"

namespace gradvitals {
namespace {

constexpr PagePlace kStepsPlace{.kind = "run", .index = 0};

RunSeries series_of(std::span<const NetworkReport> networks) {
  RunSeries series;
  for (const NetworkReport& network : networks) {
    series.add(network.metrics, {}, network.diagnosis.vital_signs);
  }
  return series;
}

/// Its number, or its place where it has none.
std::optional<std::int64_t> step_of(const RunFinding& found,
                                    std::span<const NetworkReport> networks) {
  if (found.step) return found.step;
  const auto place = std::ranges::find(networks, found.label, &NetworkReport::name);
  if (place == networks.end()) return std::nullopt;
  return place - networks.begin();
}

std::vector<PageFinding> findings_of(std::span<const NetworkReport> networks,
                                     const RunDiagnosis& run) {
  std::vector<PageFinding> shown;
  for (const RunFinding& found : run.findings) {
    const std::size_t number = shown.size() + 1;
    shown.push_back(
        {.finding = &found.finding,
         .id = fmt::format("finding-0-{}", number),
         .number = fmt::to_string(number),
         .when = fmt::format("first at {}; holds in {}", found.label, steps_text(found.count)),
         .step = step_of(found, networks)});
  }
  return shown;
}

PageVerdict verdict_of_steps(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                             std::span<const PageFinding> findings) {
  PageVerdict verdict;
  verdict.severity = run.severity;
  verdict.headline = fmt::format("Over {} the run is {}: {}.", steps_text(run.steps),
                                 word_of(run.verdict), meaning(run.verdict));
  if (run.severity < Severity::kWarning || run.findings.empty()) return verdict;
  const RunFinding& first = run.findings.front();
  if (run.first_bad_step) {
    verdict.details.push_back(fmt::format("The first bad step is {}.", run.first_bad_step->label));
  }
  verdict.details.push_back(first.finding.text);
  verdict.cause = &first.finding;
  verdict.cause_id = findings.front().id;
  verdict.step = step_of(first, networks);
  return verdict;
}

/// The notebook knows no runs: it scores each step.
PageVerdict lowest_score(std::span<const NetworkReport> networks) {
  const auto lowest = std::ranges::min_element(
      networks, {}, [](const NetworkReport& network) { return network.notebook.score; });
  PageVerdict verdict;
  verdict.severity = severity_of_score(lowest->notebook.score);
  verdict.headline = fmt::format("Of {} the notebook scores {} lowest: {} of 8, {}.",
                                 steps_text(std::ssize(networks)), lowest->title(),
                                 lowest->notebook.score, lowest->notebook.verdict);
  return verdict;
}

Json write_run_findings(HtmlWriter& out, std::span<const PageFinding> findings) {
  Json json = Json::array();
  open_section(out, "findings", "What was found",
               "What the steps show together; the number is that of the mark on the curves.");
  if (findings.empty()) out.element("p", "No rule fired over the run.");
  for (const PageFinding& shown : findings) {
    write_finding(out, shown, kStepsPlace);
    json.push_back(page_finding_json(shown, kStepsPlace));
  }
  out.close();
  return json;
}

Json step_marks_json(std::span<const PageFinding> findings) {
  Json marks = Json::array();
  for (const PageFinding& shown : findings) {
    if (!shown.step) continue;
    marks.push_back({{"first", *shown.step},
                     {"last", *shown.step},
                     {"text", shown.number},
                     {"severity", name(shown.finding->severity)},
                     {"target", shown.id}});
  }
  return marks;
}

void write_step_signs(HtmlWriter& out, std::span<const NetworkReport> networks,
                      const RunDiagnosis& run) {
  open_section(out, "signs", "Vital signs", "");
  std::vector<PageSigns> columns;
  const auto add = [&columns](const NetworkReport& network) {
    columns.push_back(
        {network.name, vital_lines(network.diagnosis.vital_signs, network.diagnosis.thresholds,
                                   global_norm(network.metrics))});
  };
  if (run.first_bad_step) {
    const auto first = std::ranges::find(networks, run.first_bad_step->label, &NetworkReport::name);
    if (first != networks.end() && first + 1 != networks.end()) add(*first);
  }
  add(networks.back());
  write_vital_signs(out, columns);
  out.close();
}

}  // namespace

std::string steps_html(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                       const HtmlOptions& options) {
  const bool is_full = options.rules == RuleSet::kFull;
  const RunSeries series = series_of(networks);
  const std::vector<PageFinding> findings =
      is_full ? findings_of(networks, run) : std::vector<PageFinding>();
  const std::string title = fmt::format("{} of one run", steps_text(std::ssize(networks)));
  Json data = {{"limits", figure_limits_json()},
               {"networks", Json::array()},
               {"signs", sign_charts_json(networks.front().diagnosis.thresholds)}};
  data["runs"] = {series_json(title, "", series, findings)};
  data["runs"].back()["marks"] = step_marks_json(findings);
  const RunSeries* const all = &series;
  data["tensors"] = series_tensors_json({&all, 1});
  data["findings"] = Json::array();
  HtmlWriter out;
  write_verdict(out, "gradvitals: " + title,
                is_full ? verdict_of_steps(networks, run, findings) : lowest_score(networks),
                kStepsPlace);
  std::vector<std::pair<std::string, std::string>> links;
  if (is_full) links = {{"signs", "Vital signs"}, {"findings", "What was found"}};
  write_links(out, run_section_links(std::move(links)));
  if (is_full) {
    write_step_signs(out, networks, run);
    data["findings"] = write_run_findings(out, findings);
  }
  write_run_plots(out, options, decimation_sentence(series));
  open_section(out, "steps", "Step by step", "Each step judged by itself.");
  out.element("pre", run_table(networks, run, options.rules, {}), {{"class", "scroll"}});
  out.close();
  std::vector<std::string> notes;
  for (const NetworkReport& network : networks) {
    for (const std::string& said : network.notes) {
      if (std::ranges::count(notes, said) == 0) notes.push_back(said);
    }
  }
  write_origin(out, options, networks.front().diagnosis.thresholds, notes);
  return assemble_page({title + ": gradvitals", std::move(out).finish(), std::move(data)});
}

}  // namespace gradvitals
