#include "app/report.h"

#include <vector>

#include "app/history.h"
#include "app/options.h"
#include "framework/io/input_file.h"

namespace gradvitals::app {

Command ReportOptions::add_to(CommandLine& program) {
  Command command = program.add_command(
      "report", "Look at a recorded run: judge its history anew, and write what shows it");
  command.positional_texts(
      "HISTORY", histories,
      "What --history of a training, or a watch from Python, has written; '-' is "
      "standard input");
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
  if (options.histories.size() != 1) {
    throw UsageError(
        "report takes the history of one run; for example:",
        {"gradvitals train --data digits --history run.jsonl", "gradvitals report run.jsonl"});
  }
  const std::string& path = options.histories.front();
  options.files.check(
      std::vector<NamedPath>{{"report", path}, {"--thresholds", options.thresholds_file}});
  options.files.check_outputs();
  const HistoryJudging judging{.thresholds = read_thresholds(options.thresholds_file),
                               .fail_on = options.fail_on,
                               .color = options.color,
                               .ascii = options.ascii};
  const InputFile file(path);
  return deliver_history(as_text(file.bytes()), file.path(), options.files, judging);
}

}  // namespace gradvitals::app
