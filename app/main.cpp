// The `gradvitals` program: commands, and the one place that turns exceptions into exit codes.
#include <CLI/CLI.hpp>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "app/checkup.h"
#include "app/compare.h"
#include "app/diagnose.h"
#include "app/exit_code.h"
#include "app/info.h"
#include "app/options.h"
#include "app/output.h"
#include "app/terminal.h"
#include "app/version.h"
#include "framework/io/mapped_file.h"
#include "framework/io/unread_format.h"

namespace gradvitals::app {
namespace {

constexpr char kDescription[] =
    "gradvitals: whether a network's gradients are healthy, and if not, where and why.";

constexpr char kExitCodes[] =
    "Exit codes: 0 judged; 1 the gate of --fail-on tripped; 2 usage, input or output error;\n"
    "3 nothing could be judged.\n";

ExitCode run(int argc, char** argv) {
  CLI::App program(kDescription, "gradvitals");
  program.set_version_flag("--version", std::string("gradvitals ") + kVersion);
  program.require_subcommand(1);
  program.footer(kExitCodes);

  CompareOptions compare_options;
  CheckupOptions checkup_options;
  DiagnoseOptions diagnose_options;
  const CLI::App* const compare_command = compare_options.add_to(program);
  const CLI::App* const checkup_command = checkup_options.add_to(program);
  const CLI::App* const diagnose_command = diagnose_options.add_to(program);
  program.add_subcommand("info", "Devices, features and versions of this program on this machine");

  try {
    program.parse(argc, argv);
  } catch (const CLI::RequiredError&) {
    // It is the command that misses something, or whose option was misspelled.
    if (has_unknown_option(program)) throw UsageError(unknown_option_message(program));
    if (!program.get_subcommands().empty()) throw;
    // CLI11 says only that a command is missing, also where one was misspelled.
    if (argc < 2) throw UsageError("a command is missing; gradvitals --help lists them");
    const std::vector<std::string> commands{"compare", "checkup", "diagnose", "info"};
    const std::string meant = did_you_mean(argv[1], commands);
    throw UsageError(std::string("'") + argv[1] + "' is no command" +
                     (meant.empty() ? "; gradvitals --help lists them" : meant));
  } catch (const CLI::ExtrasError&) {
    throw UsageError(unknown_option_message(program));
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    program.exit(help_or_version, text);
    write_result("-", text.str());
    return ExitCode::kJudged;
  }
  if (compare_command->parsed()) return compare(compare_options);
  if (checkup_command->parsed()) return checkup(checkup_options);
  if (diagnose_command->parsed()) return diagnose(diagnose_options);
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
  } catch (const std::exception& error) {
    gradvitals::app::note(error.what());
  }
  return static_cast<int>(ExitCode::kError);
}
