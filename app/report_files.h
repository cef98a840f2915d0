// ReportFiles: the files that a report is written to, beside its text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/export_files.h"
#include "app/named_paths.h"

namespace gradvitals::app {

/// What a report is of: each has files that the other has not.
enum class ReportSubject : std::uint8_t {
  kNetworks,  ///< Networks, or the steps of a run that were dumped, each judged by itself.
  kRun,       ///< A run that was watched in every step.
};

struct ReportFiles {
  std::optional<std::string> json;         ///< Path, or "-" for stdout.
  std::optional<std::string> html;         ///< Path.
  std::vector<std::string> plots;          ///< Paths ending in .png, .svg, .pdf or .gp.
  std::optional<std::string> tensorboard;  ///< A folder for events, of a run alone.
  ExportFiles exports;
  /// As a shell would take it, for pages that say how they came to be; may be empty.
  std::string command_line;

  /// Adds the options of this subject; `this` must outlive the parsing.
  void add_to(Command& command, ReportSubject subject);
  /// Every path, with the option that names it; not standard output.
  std::vector<NamedPath> outputs() const;
  /// Throws UsageError for a path whose ending says no format, and for those that check_paths()
  /// refuses.
  void check(std::span<const NamedPath> inputs) const;
  /// Before a long computation. Throws OutputError naming the option and the path that cannot be
  /// written, and UsageError as check_tensorboard_folder().
  void check_outputs(bool is_resumed = false) const;
  /// Standard output is taken by a document.
  bool takes_standard_output() const { return json == "-"; }
};

/// Whether the output was written; otherwise its reason is told on stderr.
bool write_or_tell(const std::function<void()>& write);

}  // namespace gradvitals::app
