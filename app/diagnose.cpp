#include "app/diagnose.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/deliver.h"
#include "app/diagnose_input.h"
#include "app/history.h"
#include "app/judge.h"
#include "app/own_file.h"
#include "framework/io/file_kind.h"
#include "framework/io/parameter_names.h"
#include "framework/io/tensor_dump.h"
#include "monitor/report/figure/figure.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals::app {
namespace {

void check_combination(const DiagnoseOptions& options) {
  if (options.files.empty() == options.metrics.empty()) {
    throw UsageError("diagnose takes gradient files or --metrics FILE, one of the two");
  }
  if (options.step && options.files.size() > 1) {
    throw UsageError("--step is for one file; of several, each says its own as metadata 'step'");
  }
}

void check_figure_size(const DiagnoseOptions& options, const std::vector<NetworkReport>& reports) {
  if (options.judging.files.plots.empty() || fits_figure(reports)) return;
  throw UsageError(fmt::format(
      "--plot draws {} steps at most where they do not say their numbers, not {}: write the "
      "number of each step into its file, as metadata 'step', or leave --plot out",
      kMaxFigureNetworks, reports.size()));
}

std::vector<NetworkReport> judge_all(std::vector<NamedMetrics> inputs, const Thresholds& thresholds,
                                     const Device& device) {
  std::vector<NetworkReport> reports;
  reports.reserve(inputs.size());
  for (NamedMetrics& input : inputs) {
    NetworkReport& report =
        reports.emplace_back(judge(std::move(input.metrics), thresholds, device,
                                   std::move(input.name), std::move(input.short_name)));
    report.notes = std::move(input.notes);
    report.source = std::move(input.source);
  }
  return reports;
}

std::vector<RunStep> run_steps(const std::vector<NetworkReport>& reports) {
  std::vector<RunStep> steps;
  for (const NetworkReport& report : reports) {
    steps.push_back({report.metrics.step, report.name, &report.metrics, &report.diagnosis});
  }
  return steps;
}

void sort_as_run(std::vector<NetworkReport>& reports) {
  std::vector<NetworkReport> sorted;
  for (const std::size_t place : run_order(run_steps(reports))) {
    sorted.push_back(std::move(reports[place]));
  }
  reports = std::move(sorted);
}

/// Options that only apply to dumps of gradients.
void refuse_options_of_dumps(const DiagnoseOptions& options) {
  for (const auto& [name, value] :
       {std::pair("--parameters", &options.parameters), std::pair("--weights", &options.weights)}) {
    if (value->empty()) continue;
    throw UsageError(fmt::format("{} is for dumps of gradients, not for recorded metrics", name));
  }
}

/// A history says both for each of its steps.
void refuse_options_of_steps(const DiagnoseOptions& options) {
  if (options.step) throw UsageError("--step is for one step, not for the history of a run");
  if (options.loss_scale) {
    throw UsageError("--loss-scale is for dumps and recorded metrics; a history holds its own");
  }
}

}  // namespace

Command DiagnoseOptions::add_to(CommandLine& program) {
  Command command = program.add_command(
      "diagnose", "Judge gradients dumped by any framework, or recorded metrics");
  command.positional_texts(
      "FILE", files,
      "Gradients as safetensors (plain, .gz, or the index of shards), .npz or .npy, or recorded "
      "metrics, or the history of a run or the folder of an incident, which is judged anew; '-' is "
      "standard input. Several are "
      "the steps of one run, in the order of their "
      "metadata 'step' or, where not all have it, of their names");
  command.text(
      "--metrics", metrics, "FILE",
      "Recorded metrics: norms over steps as CSV, JSON lines or JSON ({name: norm}, Hugging Face's "
      "trainer_state.json, gradvitals' own)");
  command.text("--parameters", parameters, "FILE",
               "Names of all trainable parameters, so that one without gradient is missed: a "
               "safetensors file, a name a line, or a JSON array; else metadata 'parameters'");
  command.text("--weights", weights, "FILE",
               "Weights as safetensors, under the names of their gradients: the rules then see how "
               "large each gradient is beside its weight");
  command.positive_number(
      "--loss-scale", loss_scale,
      "What the loss was multiplied by: gradients are divided by it before they are judged; else "
      "metadata 'loss_scale'");
  command.integer("--step", step, 0, std::numeric_limits<std::int64_t>::max(),
                  "Training step of the one file: from step 10 on a gradient of zero is no initial "
                  "value; else metadata 'step'");
  judging.add_to(command);
  judging.files.exports.add_events_to(command);
  computing.add_to(command);
  return command;
}

ExitCode diagnose(const DiagnoseOptions& options) {
  std::vector<std::string> files;
  for (const std::string& file : options.files) files.push_back(steps_of_incident(file));
  std::vector<NamedPath> inputs = {{"--metrics", options.metrics},
                                   {"--parameters", options.parameters},
                                   {"--weights", options.weights}};
  for (const std::string& file : files) inputs.push_back({"diagnose", file});
  options.judging.check(inputs);
  check_combination(options);
  const Thresholds thresholds = options.judging.thresholds();
  DiagnoseInput input(options.metrics.empty() ? files : std::vector{options.metrics});
  if (!input.has_dump()) refuse_options_of_dumps(options);
  if (const InputFile* history = input.history()) {
    refuse_options_of_steps(options);
    if (options.judging.rules == RuleSet::kNotebook) {
      throw UsageError(
          "--rules notebook judges a step; a history is judged over time, by the full rules alone");
    }
    return deliver_history(*history, options.judging.files,
                           {.thresholds = thresholds,
                            .fail_on = options.judging.fail_on,
                            .color = options.judging.color,
                            .ascii = options.judging.ascii});
  }
  if (options.judging.files.exports.events_csv) {
    throw UsageError("--events-csv is for the history of a run: of dumps nothing began and ended");
  }
  DumpContext context;
  context.loss_scale = options.loss_scale;
  context.step = options.step;
  if (!options.parameters.empty()) {
    context.parameters = {options.parameters, read_parameter_names(options.parameters)};
  }
  std::optional<TensorDump> weights;
  if (!options.weights.empty()) context.weights = &weights.emplace(options.weights);
  std::optional<Stream> stream;
  if (input.has_dump()) stream = options.computing.open_stream();
  const bool is_one_record = input.is_one_record();
  std::vector<NetworkReport> reports =
      judge_all(std::move(input).read(stream ? &*stream : nullptr, context), thresholds,
                stream ? stream->device() : Device());
  if (!is_one_record) sort_as_run(reports);
  check_figure_size(options, reports);
  return reports.size() == 1
             ? deliver_diagnosis(reports.front(), options.judging)
             : deliver_run(reports, diagnose_run(run_steps(reports), thresholds), options.judging);
}

}  // namespace gradvitals::app
