#include "app/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "app/follow.h"
#include "app/history.h"
#include "app/options.h"
#include "framework/io/input_file.h"

namespace gradvitals::app {
namespace {

void refuse_files_of_one_run(const ReportFiles& files) {
  constexpr std::array<std::string_view, 3> kOfSeveral = {"--html", "--junit", "--markdown"};
  constexpr std::string_view kWayOut =
      "is of one run: of several, --html, --junit and --markdown are written";
  if (files.takes_standard_output()) throw UsageError(fmt::format("--json {}", kWayOut));
  for (const NamedPath& output : files.outputs()) {
    if (std::ranges::find(kOfSeveral, output.named_by) != kOfSeveral.end()) continue;
    throw UsageError(fmt::format("{} {}", output.named_by, kWayOut));
  }
}

}  // namespace

Command ReportOptions::add_to(CommandLine& program) {
  Command command = program.add_command(
      "report", "Look at a recorded run: judge its history anew, and write what shows it");
  command.positional_texts(
      "HISTORY", histories,
      "What --history of a training, or a watch from Python, has written; '-' is "
      "standard input. Two are shown side by side");
  command.flag(
      "--follow", is_followed,
      "Judge the run while it is written: a live view on a terminal, else a line at each "
      "event and every few seconds. Ctrl-C ends it with the report; so does --fail-on, with "
      "exit code 1, as soon as it trips. The file need not be there yet");
  command.group("Files");
  files.add_to(command, ReportSubject::kRun);
  command.group("Judging");
  command.text("--thresholds", thresholds_file, "FILE",
               "Limits of the rules as JSON, in place of the default; a name that is none is "
               "answered with all of them");
  add_gate(command, fail_on, "Exit 1 where anything in the run was at least this severe");
  add_style(command, color, ascii);
  return command;
}

ExitCode report(const ReportOptions& options) {
  if (options.histories.empty() || options.histories.size() > 2) {
    throw UsageError(
        "report takes the history of one run, or of two to be shown side by side; for example:",
        {"gradvitals train --data digits --history run.jsonl",
         "gradvitals report run.jsonl --html run.html"});
  }
  if (std::ranges::count(options.histories, "-") > 1) {
    throw UsageError("report - -: standard input holds one history: give the other one as a file");
  }
  std::vector<NamedPath> inputs = {{"--thresholds", options.thresholds_file}};
  for (const std::string& path : options.histories) inputs.push_back({"report", path});
  options.files.check(inputs);
  if (options.histories.size() > 1) refuse_files_of_one_run(options.files);
  options.files.check_outputs();
  const HistoryJudging judging{.thresholds = read_thresholds(options.thresholds_file),
                               .fail_on = options.fail_on,
                               .color = options.color,
                               .ascii = options.ascii};
  const std::string& path = options.histories.front();
  if (options.is_followed) {
    if (options.histories.size() > 1) throw UsageError("--follow takes the history of one run");
    if (path == "-") {
      throw UsageError(
          "--follow goes back in a file where its run is resumed, and standard input cannot: give "
          "the path of the history");
    }
    return follow_history(path, options.files, judging);
  }
  const std::vector<InputFile> histories(options.histories.begin(), options.histories.end());
  if (histories.size() == 1) return deliver_history(histories.front(), options.files, judging);
  return deliver_histories(histories, options.files, judging);
}

}  // namespace gradvitals::app
