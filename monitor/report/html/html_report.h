// The report as one HTML file that opens offline: the verdict and what to do first, then vital signs,
// findings, charts, tensors and settings. docs/reports.md describes it.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "monitor/history/run_series.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trained_comparison.h"
#include "monitor/report/training.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {

/// What a page says beside what was judged.
struct HtmlOptions {
  RuleSet rules = RuleSet::kFull;
  std::string version;  ///< Of the program.
  /// How it came to be: {"command", "gradvitals compare"}, in the order to be shown.
  std::vector<std::pair<std::string, std::string>> settings = {};
  /// Shown in place of the charts where html_has_charts() says that there are none: an SVG or, where
  /// that is not to be had, why.
  std::string figure_svg = {};
  std::string no_figure_reason = {};
};

/// Whether charts can be drawn: Chart.js was there when the library was built.
bool html_has_charts();

// Each gives the bytes of the file: UTF-8, the same for the same input. Nothing in it is fetched from
// elsewhere, and its content security policy allows no script but its own. Names may hold any bytes;
// they show as text.

/// One network, or several side by side and how they trained, where they did.
std::string networks_html(std::span<const NetworkReport> networks, const HtmlOptions& options,
                          std::span<const TrainedComparison> trainings = {});

/// The steps of one run, in their order, each judged by itself, and what they show together. Without steps'
/// numbers they count from 0.
std::string steps_html(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                       const HtmlOptions& options);

/// A run that was judged step by step. The pointers must not be null.
struct HtmlRun {
  const TrajectoryReport* report = nullptr;
  const RunSeries* series = nullptr;
  /// {"optimizer", "adam, ..."}: of the run itself.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

/// One run or, side by side, several and what differs between them. Throws std::invalid_argument for none.
std::string runs_html(std::span<const HtmlRun> runs, const HtmlOptions& options);

}  // namespace gradvitals
