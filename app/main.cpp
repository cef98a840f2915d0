// The `gradvitals` program: commands, and the one place that turns exceptions into exit codes.
#include <exception>
#include <string>

#include "app/checkup.h"
#include "app/command_line.h"
#include "app/compare.h"
#include "app/diagnose.h"
#include "app/exit_code.h"
#include "app/info.h"
#include "app/output.h"
#include "app/prescribe.h"
#include "app/report.h"
#include "app/terminal.h"
#include "app/train.h"
#include "app/version.h"
#include "framework/io/mapped_file.h"
#include "framework/io/unread_format.h"

namespace gradvitals::app {
namespace {

constexpr char kDescription[] =
    "gradvitals: whether a network's gradients are healthy, and if not, where and why.";

constexpr char kExitCodes[] =
    "Exit codes: 0 judged; 1 the gate of --fail-on tripped; 2 usage, input or output error;\n"
    "3 nothing could be judged; 130 and 143 training was ended by Ctrl-C or SIGTERM.\n";

ExitCode run(int argc, char** argv) {
  CommandLine program(kDescription, std::string("gradvitals ") + kVersion, kExitCodes);
  CompareOptions compare_options;
  CheckupOptions checkup_options;
  DiagnoseOptions diagnose_options;
  PrescribeOptions prescribe_options;
  ReportOptions report_options;
  TrainOptions train_options;
  const Command compare_command = compare_options.add_to(program);
  const Command checkup_command = checkup_options.add_to(program);
  const Command diagnose_command = diagnose_options.add_to(program);
  const Command prescribe_command = prescribe_options.add_to(program);
  const Command report_command = report_options.add_to(program);
  const Command train_command = train_options.add_to(program);
  program.add_command("info", "Devices, features and versions of this program on this machine");

  if (const auto text = program.parse(argc, argv)) {
    write_result("-", *text);
    return ExitCode::kJudged;
  }
  if (compare_command.was_called()) return compare(compare_options);
  if (checkup_command.was_called()) return checkup(checkup_options);
  if (diagnose_command.was_called()) return diagnose(diagnose_options);
  if (prescribe_command.was_called()) return prescribe(prescribe_options);
  if (report_command.was_called()) return report(report_options);
  if (train_command.was_called()) {
    train_options.words.assign(argv + 1, argv + argc);
    train_options.given = train_command.given();
    return train(train_options);
  }
  write_result("-", info_text());
  return ExitCode::kJudged;
}

}  // namespace
}  // namespace gradvitals::app

int main(int argc, char** argv) {
  using gradvitals::app::ExitCode;
  gradvitals::app::occupy_standard_streams();
  gradvitals::exit_where_a_mapped_file_shrinks(static_cast<int>(ExitCode::kError));
  try {
    return static_cast<int>(gradvitals::app::run(argc, argv));
  } catch (const gradvitals::UnreadFormatError& error) {
    gradvitals::app::note(error.what());
    gradvitals::app::show_way_out(error.way_out());
  } catch (const gradvitals::app::UsageError& error) {
    gradvitals::app::note(error.what());
    gradvitals::app::show_way_out(error.way_out());
  } catch (const std::exception& error) {
    gradvitals::app::note(error.what());
  }
  return static_cast<int>(ExitCode::kError);
}
