#include "monitor/report/html/run_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "monitor/report/html/html_sections.h"
#include "monitor/report/html/run_data.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

/// What a run printed twice, or made on another device, does not reach.
constexpr double kSameShare = 0.01;

bool are_alike(double a, double b) {
  return std::abs(a - b) <= kSameShare * std::max(std::abs(a), std::abs(b));
}

bool are_alike(const SignalRange& a, const SignalRange& b) {
  if ((a.nonfinite_count > 0) != (b.nonfinite_count > 0)) return false;
  if ((a.count > 0) != (b.count > 0)) return false;
  return a.count == 0 || (are_alike(a.min, b.min) && are_alike(a.max, b.max));
}

/// Each run's value of one thing.
struct DifferenceRow {
  std::string what;
  std::vector<std::string> values;

  bool differs() const {
    return std::ranges::any_of(values, [this](const auto& value) { return value != values[0]; });
  }
};

std::string optional_text(const std::optional<double>& value) {
  return value ? three_digits(*value) : "unknown";
}

std::string verdict_text(const TrajectoryReport& report) {
  const Episode* const worst = worst_episode(report);
  if (worst == nullptr || worst->finding.severity < Severity::kWarning) {
    return std::string(word_of(run_verdict(report)));
  }
  return fmt::format("{} ({}), from step {}", word_of(worst->finding.verdict),
                     rule_number(worst->finding.rule), worst->first_step);
}

std::vector<DifferenceRow> result_rows(std::span<const HtmlRun> runs) {
  std::vector<DifferenceRow> rows = {{"worst verdict", {}},
                                     {"verdict at the end", {}},
                                     {"steps", {}},
                                     {"findings", {}},
                                     {"first loss", {}},
                                     {"last loss", {}},
                                     {"last norm of all gradients", {}}};
  for (const HtmlRun& run : runs) {
    const TrajectoryReport& report = *run.report;
    const std::vector<std::string> values = {
        verdict_text(report),
        std::string(word_of(report.verdict)),
        fmt::to_string(report.steps),
        fmt::to_string(std::ssize(report.episodes) + report.forgotten_episodes),
        optional_text(report.first_loss),
        optional_text(report.last_loss),
        optional_text(report.last_norm)};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].values.push_back(values[i]);
  }
  return rows;
}

std::vector<DifferenceRow> setting_rows(std::span<const HtmlRun> runs) {
  std::vector<std::string> names;
  for (const HtmlRun& run : runs) {
    for (const auto& [what, value] : run.settings) {
      if (std::ranges::count(names, what) == 0) names.push_back(what);
    }
  }
  std::vector<DifferenceRow> rows;
  for (const std::string& what : names) {
    DifferenceRow row{what, {}};
    for (const HtmlRun& run : runs) {
      const auto setting =
          std::ranges::find(run.settings, what, [](const auto& s) { return s.first; });
      row.values.push_back(setting == run.settings.end() ? "not said" : setting->second);
    }
    if (row.differs()) rows.push_back(std::move(row));
  }
  return rows;
}

std::string parting_sentence(std::span<const HtmlRun> runs, std::size_t other) {
  const std::string letters = fmt::format("Runs A and {}", run_letter(other, runs.size()));
  const RunSeries& first = *runs.front().series;
  const RunSeries& second = *runs[other].series;
  if (first.points().empty() || second.points().empty()) {
    return letters + ": one of them has no step.";
  }
  const auto parting = find_parting(first, second);
  if (!parting) {
    return letters + " never part: loss and norm of all gradients stay within 1 % of each other.";
  }
  const std::string where =
      parting->first_step == parting->last_step
          ? fmt::format("at step {}", parting->first_step)
          : fmt::format("in one of steps {} to {}", parting->first_step, parting->last_step);
  return fmt::format(
      "{} part {}: there loss or norm of all gradients first differ by more than 1 %.", letters,
      where);
}

void write_difference_rows(HtmlWriter& out, std::span<const DifferenceRow> rows) {
  for (const DifferenceRow& row : rows) {
    out.open("tr");
    out.element("th", row.what, {{"scope", "row"}});
    for (const std::string& value : row.values) out.element("td", value, {{"class", "name"}});
    out.open("td");
    if (row.differs()) write_chip(out, Severity::kInfo, "differs");
    out.close();
    out.close();
  }
}

}  // namespace

std::optional<Parting> find_parting(const RunSeries& a, const RunSeries& b) {
  const bool a_is_coarser = a.steps_per_point() >= b.steps_per_point();
  const std::vector<SeriesPoint>& coarse = (a_is_coarser ? a : b).points();
  const std::vector<SeriesPoint>& fine = (a_is_coarser ? b : a).points();
  std::size_t next = 0;
  for (const SeriesPoint& point : coarse) {
    std::optional<HistoryInterval> same;
    while (next < fine.size() && fine[next].steps.first_step <= point.steps.last_step) {
      if (same) {
        same->add(fine[next].steps);
      } else {
        same = fine[next].steps;
      }
      ++next;
    }
    const bool is_alike = same && same->first_step == point.steps.first_step &&
                          are_alike(same->loss, point.steps.loss) &&
                          are_alike(same->global_norm, point.steps.global_norm);
    if (is_alike) continue;
    const bool has_ended = !same && next == fine.size();
    if (has_ended) return std::nullopt;  // One goes on where the other has ended.
    return Parting{point.steps.first_step, point.steps.last_step};
  }
  return std::nullopt;
}

void write_run_difference(HtmlWriter& out, std::span<const HtmlRun> runs) {
  open_section(out, "difference", "What differs", "");
  for (std::size_t i = 1; i < runs.size(); ++i) {
    out.element("p", parting_sentence(runs, i));
  }
  out.open("div", {{"class", "scroll"}});
  out.open("table");
  out.open("thead");
  out.open("tr");
  out.element("th", "");
  for (std::size_t i = 0; i < runs.size(); ++i) {
    out.element("th", fmt::format("{}: {}", run_letter(i, runs.size()), runs[i].report->name),
                {{"scope", "col"}, {"class", "name"}});
  }
  out.element("th", "");
  out.close();
  out.close();
  out.open("tbody");
  write_difference_rows(out, result_rows(runs));
  const std::vector<DifferenceRow> settings = setting_rows(runs);
  write_difference_rows(out, settings);
  for (int i = 0; i < 3; ++i) out.close();
  if (settings.empty()) {
    out.element("p", "No recorded setting differs.", {{"class", "faint"}});
  }
  out.close();
}

}  // namespace gradvitals
