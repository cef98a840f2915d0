#include "app/export_files.h"

#include <fmt/format.h>

#include <utility>

#include "app/output.h"
#include "app/report_files.h"
#include "app/version.h"
#include "monitor/report/export/csv.h"
#include "monitor/report/export/github.h"
#include "monitor/report/export/junit.h"
#include "monitor/report/export/markdown.h"

namespace gradvitals::app {

void ExportFiles::add_to(Command& command) {
  command.text(
      "--junit", junit, "FILE",
      "Write JUnit XML, which test reports of CI systems read: a test for each rule, failed "
      "from the severity of --fail-on on, or else from a warning on");
  command.text("--markdown", markdown, "FILE",
               "Write a summary as Markdown: for \"$GITHUB_STEP_SUMMARY\", or a merge request");
  command.word(
      "--format", {"text", "github"}, "text",
      "github: print annotations for GitHub's log behind the text, ten of each level at most",
      [this](const std::string& word) { annotates = word == "github"; });
  command.text(
      "--csv", csv, "FILE",
      "Write statistics as CSV: a row for each tensor, of a run for each tensor in each step");
}

void ExportFiles::add_events_to(Command& command) {
  command.text("--events-csv", events_csv, "FILE",
               "Write what began, grew worse and ended in a run as CSV");
}

void ExportFiles::add_state_to(Command& command) {
  command.text(
      "--openmetrics", openmetrics, "FILE",
      "Write the state of the run as OpenMetrics text, for Prometheus' node exporter; while "
      "it runs, whole and once a second at most");
}

std::vector<NamedPath> ExportFiles::outputs() const {
  std::vector<NamedPath> outputs;
  for (const auto& [option, path] :
       {std::pair<std::string_view, const std::optional<std::string>&>{"--junit", junit},
        {"--markdown", markdown},
        {"--csv", csv},
        {"--events-csv", events_csv},
        {"--openmetrics", openmetrics}}) {
    if (path) outputs.push_back({option, *path});
  }
  return outputs;
}

void ExportFiles::check(bool standard_output_is_taken) const {
  for (const NamedPath& output : outputs()) {
    if (output.path != "-") continue;
    throw UsageError(fmt::format(
        "{} takes a file, and not '-': standard output holds the text; /dev/stdout is behind it",
        output.named_by));
  }
  if (annotates && standard_output_is_taken) {
    throw UsageError(
        "--format github and --json - cannot go together: both are printed; --json FILE leaves "
        "room "
        "for annotations");
  }
}

std::string ExportFiles::shown(std::string text, std::span<const JudgedSubject> subjects,
                               const ExportOptions& options) const {
  if (!annotates) return text;
  return github_plain_text(text) + github_annotations(subjects, options);
}

bool ExportFiles::write_subjects(std::span<const JudgedSubject> subjects,
                                 const ExportOptions& options) const {
  bool written = true;
  if (junit) {
    written &= write_or_tell([&] { write_result(*junit, junit_xml(subjects, options)); });
  }
  if (markdown) {
    written &= write_or_tell([&] { write_result(*markdown, markdown_summary(subjects, options)); });
  }
  return written;
}

bool ExportFiles::write_statistics(std::span<const NetworkReport> networks) const {
  if (!csv) return true;
  return write_or_tell([&] { write_result(*csv, statistics_csv(networks)); });
}

ExportOptions export_options(Severity gate, std::string device) {
  return {.version = kVersion, .device = std::move(device), .gate = gate};
}

}  // namespace gradvitals::app
