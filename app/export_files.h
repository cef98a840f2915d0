// ExportFiles: the options of what CI systems, spreadsheets and Prometheus read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/named_paths.h"
#include "monitor/report/export/export_options.h"
#include "monitor/report/export/judged_subject.h"
#include "monitor/report/network_report.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::app {

struct ExportFiles {
  std::optional<std::string> junit;
  std::optional<std::string> markdown;
  std::optional<std::string> csv;
  std::optional<std::string> events_csv;   ///< Of a run.
  std::optional<std::string> openmetrics;  ///< Of a run.
  bool annotates = false;                  ///< --format github

  /// Options of all subjects, of the history of a run, and of a run that is watched; `this` must outlive
  /// the parsing.
  void add_to(Command& command);
  void add_events_to(Command& command);
  void add_state_to(Command& command);
  std::vector<NamedPath> outputs() const;
  /// Throws UsageError for "-" in place of a file, and for annotations where standard output is taken.
  void check(bool standard_output_is_taken) const;

  /// Whether judged subjects are asked for, which are those of the full rules.
  bool needs_subjects() const { return junit || markdown || annotates; }
  /// What standard output gets: the text, and annotations behind it.
  std::string shown(std::string text, std::span<const JudgedSubject> subjects,
                    const ExportOptions& options) const;
  /// Writes the files of subjects. Whether all were written; what fails is told on stderr.
  bool write_subjects(std::span<const JudgedSubject> subjects, const ExportOptions& options) const;
  /// Writes the statistics of networks, or of the steps of a run that were dumped.
  bool write_statistics(std::span<const NetworkReport> networks) const;
};

/// Of this program; `device` may be empty.
ExportOptions export_options(Severity gate, std::string device = {});

}  // namespace gradvitals::app
