#include "app/prescribe.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "app/interrupt.h"
#include "app/notebook_option.h"
#include "app/output.h"
#include "app/prescribe_setup.h"
#include "app/progress.h"
#include "app/terminal.h"
#include "app/trial_command.h"
#include "kernels/runtime/utf8.h"
#include "monitor/report/prescription.h"
#include "training/prescription.h"
#include "training/training_data.h"

namespace gradvitals::app {
namespace {

/// A trial is to be short; ten of these take hours.
constexpr std::int64_t kMostTrialSteps = 1'000'000;

void add_network(Command& command, PrescribeOptions& options) {
  command.text("MODEL", options.file, "",
               "Layers, activations and loss as safetensors; training starts from its weights");
  add_notebook_network(command, options.network, "One of the notebook's networks instead");
  command.parsed("--model", "SPEC", "",
                 "A network of these widths and activations instead: 64-128-relu-layernorm-10",
                 [&options](const std::string& text) { options.model = parse_model_spec(text); });
  command.text("--data", options.data, "NAME|FILE",
               "x and y of MODEL as safetensors or .npz. Else " + known_data_sets() +
                   ", or a table: CSV or IDX, plain or .gz, or safetensors or .npz. --network has "
                   "the notebook's random samples without it");
  command.text("--target", options.target, "NAME|INDEX|FILE",
               "What a table is to predict: the name or the index of a column, or a second file");
  command.text("--activations", options.activations, "LIST",
               "Where MODEL does not say: one word per layer (relu,relu,linear), or one for the "
               "hidden layers before a linear head");
  command.text("--loss", options.loss, "NAME",
               "mse, bce, bce_with_logits or cross_entropy; where MODEL does not say, else what "
               "suits the data");
  command.word("--head", {"sigmoid", "linear"}, "sigmoid",
               "Activation of the last layer of --network",
               [&options](const std::string& word) { options.head = parse_activation(word); });
}

void add_trials(Command& command, PrescribeOptions& options) {
  command.integer("--steps", options.steps, 1, kMostTrialSteps, "Updates of each trial");
  command.integer("--batch", options.batch, 1, kLargestTrainingBatch,
                  "Samples of a step; 32, or the notebook's 100");
  options.optimizer.add_to(command);
  command.integer("--seed", options.seed, 0, kLargestSeed,
                  "Of new weights, the order of samples and those held out");
}

void add_prescription_output(Command& command, PrescribeOptions& options) {
  command.text("--json", options.json, "FILE",
               "Write the report as JSON to FILE; '-' is standard output, and then nothing else is "
               "printed");
  add_style(command, options.color, options.ascii);
}

void check_network(const PrescribeOptions& options) {
  const int networks = (options.file ? 1 : 0) + (options.network ? 1 : 0) + (options.model ? 1 : 0);
  if (networks == 0) {
    throw UsageError(
        "there is no network to try remedies on: give MODEL, --network or --model; for example: "
        "gradvitals prescribe --network sigmoid");
  }
  if (networks > 1) {
    throw UsageError("MODEL, --network and --model cannot go together: each is a network");
  }
  refuse_without(options.file.has_value(), "MODEL", options.data.has_value(),
                 "--data: what it is to learn");
  refuse_without(options.model.has_value(), "--model", options.data.has_value(),
                 "--data: what it is to learn");
  refuse_without(options.activations.has_value(), "--activations", options.file.has_value(),
                 "MODEL: --model has its own");
  refuse_without(options.head.has_value(), "--head", options.network.has_value(),
                 "--network: other networks have their own");
  refuse_without(options.target.has_value(), "--target", options.data.has_value() && !options.file,
                 "a table, by --data and --model or --network; MODEL's data have y");
}

}  // namespace

Command PrescribeOptions::add_to(CommandLine& program) {
  Command command = program.add_command(
      "prescribe", "Try remedies on a network: each is trained for a few steps, best first");
  add_network(command, *this);
  add_trials(command, *this);
  add_prescription_output(command, *this);
  computing.add_to(command);
  return command;
}

void PrescribeOptions::check() const {
  check_network(*this);
  optimizer.check();
  if (!json) return;
  check_paths(std::vector<NamedPath>{{"--json", *json}},
              std::vector<NamedPath>{{"prescribe", file.value_or("")},
                                     {"--data", data.value_or("")},
                                     {"--target", target.value_or("")}});
}

ExitCode prescribe(const PrescribeOptions& options) {
  options.check();
  if (options.json) check_output("--json", *options.json);
  Stream stream = options.computing.open_stream();
  PrescribeSetup setup = set_up_prescription(stream, options);
  PrescriptionReport report;
  const Interrupt interrupt;
  {
    Progress progress(options.color, options.ascii);
    int tried = 0;
    const auto tell = [&progress, &tried](const Trial& trial) {
      ++tried;
      progress.show(
          fmt::format("tried {}, {}: {}", tried, printable(title(trial)), summary(trial)));
    };
    TrialCommands commands(options, setup.plan);
    const auto command_of = [&commands](const TrainingPlan& plan,
                                        const GradientSymptoms& symptoms) {
      return commands.command_of(plan, symptoms);
    };
    report = prescribe(stream, setup.plan,
                       {.steps = options.steps,
                        .on_trial = tell,
                        .is_interrupted = [&interrupt] { return interrupt.signal() != 0; },
                        .command_of = command_of});
  }
  if (!report.is_complete) report.interruption = name_of_signal(interrupt.signal());
  report.name = setup.name;
  report.device = gradvitals::name(stream.device());
  report.settings = std::move(setup.settings);
  if (options.json != "-") {
    write_result("-", prescription_text(report, text_style(options.color, options.ascii)));
  }
  if (options.json) write_result(*options.json, prescription_json(report));
  return report.is_complete ? ExitCode::kJudged : exit_code_of_signal(interrupt.signal());
}

}  // namespace gradvitals::app
