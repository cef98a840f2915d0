#include "app/replay_incident.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "app/command_line.h"
#include "app/output.h"
#include "app/train_options.h"
#include "app/train_setup.h"
#include "kernels/runtime/input_message.h"
#include "training/replay.h"

namespace gradvitals::app {
namespace {

/// The options of the command that the incident was recorded by.
void read_command(const StoredIncident& incident, TrainOptions& options) {
  const std::string& file = incident.path;
  if (incident.command.empty()) {
    refuse_input(file,
                 "names no command: a program of its own recorded it, and can replay() it "
                 "(training/replay.h)");
  }
  CommandLine program("", "", "");
  const Command command = options.add_to(program);
  std::vector<const char*> words = {"gradvitals"};
  for (const std::string& word : incident.command) words.push_back(word.c_str());
  try {
    const bool is_help = program.parse(static_cast<int>(words.size()), words.data()).has_value();
    if (is_help || !command.was_called() || options.replay) {
      refuse_input(file, "its \"command\" is no training");
    }
    options.check();
  } catch (const UsageError& error) {
    refuse_input(file, fmt::format("its \"command\" cannot be run: {}", error.what()));
  }
}

/// Paths in the command are from where it was typed; where that is no more, from here.
void enter_folder_of(const StoredIncident& incident) {
  const auto folder = incident.settings.find("folder");
  if (folder == incident.settings.end()) return;
  std::error_code ignored;
  std::filesystem::current_path(folder->second, ignored);
}

}  // namespace

ExitCode replay_incident(const std::string& path) {
  const StoredIncident incident = read_incident(std::filesystem::absolute(path).native());
  enter_folder_of(incident);
  TrainOptions options;
  read_command(incident, options);
  Stream stream = options.computing.open_stream();
  TrainSetup setup = set_up_training(stream, options);
  setup.options.checkup_every = 1;
  Trainer trainer(stream, setup.model, setup.data, setup.options);
  const Replay again = replay(trainer, incident);
  write_result("-", replay_text(again, incident));
  return ExitCode::kJudged;
}

}  // namespace gradvitals::app
