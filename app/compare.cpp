#include "app/compare.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/compare_training.h"
#include "app/compared_networks.h"
#include "app/deliver.h"
#include "app/interrupt.h"
#include "app/judge.h"
#include "app/monitor_gradient_health.h"
#include "framework/io/dataset.h"
#include "framework/networks.h"
#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"
#include "monitor/report/network_report.h"

namespace gradvitals::app {
namespace {

// 64 units of float32 on ten layers: 1 GB of activations and deltas.
constexpr std::int64_t kLargestBatch = 200'000;
/// The notebook's own.
constexpr std::int64_t kDefaultBatch = 100;

/// A week of them on one core: beyond it a number is a slip of the hand.
constexpr std::int64_t kMostComparedSteps = 1'000'000'000;

/// The samples on which networks are compared.
struct ComparedSamples {
  SampleData data;
  std::string description;
};

/// A table without faults, and the requested number of its samples.
Dataset read_dataset(const CompareOptions& options) {
  Dataset dataset = load_dataset(options.data, options.target);
  if (dataset.outputs != 1) {
    refuse_input(options.target,
                 fmt::format("has {} columns, the networks one output", dataset.outputs));
  }
  if (!dataset.class_names.empty()) {
    refuse_input(options.data,
                 fmt::format("target {} holds names, and the networks predict a number: name a "
                             "column of numbers",
                             in_quotes(options.target)));
  }
  if (options.batch > dataset.rows) {
    throw UsageError(
        fmt::format("--batch {}: {} has {} samples", options.batch, options.data, dataset.rows));
  }
  if (options.batch == 0 && dataset.rows > kLargestBatch) {
    throw UsageError(fmt::format("{} has {} samples: --batch N takes the first ones, {} at most",
                                 options.data, dataset.rows, kLargestBatch));
  }
  return dataset;
}

/// Standardised, as the networks' initial weights expect; targets within reach of a sigmoid head.
ComparedSamples scaled_samples(Stream& stream, Dataset dataset, const CompareOptions& options) {
  standardize_features(dataset);
  rescale_targets(dataset);
  const std::int64_t batch = options.batch > 0 ? options.batch : dataset.rows;
  const auto first_rows = [&](const std::vector<double>& values, std::int64_t cols) {
    const std::vector<float> rows(values.begin(), values.begin() + batch * cols);
    return Tensor::from_host<float>(stream, {batch, cols}, rows);
  };
  return {.data = {.x = first_rows(dataset.x, dataset.features), .y = first_rows(dataset.y, 1)},
          .description = fmt::format("Data: {}, {} of {} samples, features standardised: {}\n"
                                     "Target: {}, scaled to 0..1\n",
                                     printable(options.data), batch, dataset.rows, dataset.features,
                                     printable(options.target))};
}

std::vector<NetworkReport> examine_networks(Stream& stream, const CompareOptions& options,
                                            const Thresholds& thresholds, const SampleData& data) {
  std::vector<NetworkReport> reports;
  for (const ComparedNetwork& network : kComparedNetworks) {
    const Sequential model = network.build(stream, network_options(options, data));
    reports.push_back(judge(monitor_gradient_health(stream, model, data.x, data.y), thresholds,
                            stream.device(), network.name, network.short_name));
  }
  return reports;
}

void add_training(Command& command, CompareOptions& options) {
  command.group("Training");
  command.integer("--train", options.train_steps, 1, kMostComparedSteps,
                  "Train the three for N steps as well, under watch, and say whether the first "
                  "visit's verdict held; --plot draws the first visit alone");
  options.optimizer.add_to(command, "sgd, then adam");
  command.group("Options");
}

void check_training(const CompareOptions& options) {
  if (const char* const given = options.optimizer.given()) {
    refuse_without(true, given, options.train_steps.has_value(), "--train N");
  }
  options.optimizer.check();
  refuse_without(options.optimizer.learning_rate.has_value(), "--learning-rate",
                 options.optimizer.kind.has_value(), "--optimizer: sgd and adam do not share one");
  if (options.train_steps && options.judging.rules == RuleSet::kNotebook) {
    throw UsageError("--train judges by the full rules and cannot go with --rules notebook");
  }
}

}  // namespace

Command CompareOptions::add_to(CommandLine& program) {
  Command command =
      program.add_command("compare", "Diagnose the notebook's three networks, side by side");
  command.integer("--seed", seed, 0, kLargestSeed, "Of weights and generated data");
  command.integer("--batch", batch, 1, kLargestBatch, "Samples; of --data the first ones",
                  fmt::format("{}, or all of --data", kDefaultBatch));
  command.text("--data", data, "FILE",
               "Compare on a table of your own, CSV or IDX, plain or .gz: features are "
               "standardised, the target is scaled to 0..1");
  command.text("--target", target, "NAME|INDEX|FILE",
               "What --data is to predict: the name or the index of a column (from 0; from the end "
               "where negative), or a second file");
  command.word("--head", {"sigmoid", "linear"}, "sigmoid",
               "Activation of the last layer of all three",
               [this](const std::string& word) { head = parse_activation(word).value(); });
  add_training(command, *this);
  judging.add_to(command);
  computing.add_to(command);
  return command;
}

void CompareOptions::check() const {
  if (!data.empty() && target.empty()) {
    throw UsageError("--data needs --target: the column, or the second file, to predict");
  }
  if (data.empty() && !target.empty()) {
    throw UsageError("--target names a column of --data, which is missing");
  }
  check_training(*this);
  judging.check(std::vector<NamedPath>{{"--data", data}, {"--target", target}});
}

ExitCode compare(const CompareOptions& options) {
  options.check();
  if (options.train_steps) options.judging.files.check_outputs();
  const Thresholds thresholds = options.judging.thresholds();
  std::optional<Dataset> dataset;
  if (!options.data.empty()) dataset = read_dataset(options);
  Stream stream = options.computing.open_stream();
  const ComparedSamples samples =
      dataset ? scaled_samples(stream, *std::move(dataset), options)
              : ComparedSamples{make_sample_data(stream, static_cast<std::uint64_t>(options.seed),
                                                 options.batch > 0 ? options.batch : kDefaultBatch),
                                ""};
  const std::vector<NetworkReport> reports =
      examine_networks(stream, options, thresholds, samples.data);
  const ComparedTrainings trained =
      train_networks(stream, options, thresholds, samples.data, reports);
  const ExitCode code =
      deliver_comparison(reports, options.judging, samples.description, trained.trainings);
  const bool was_ended = trained.interruption != 0 && code != ExitCode::kError;
  return was_ended ? exit_code_of_signal(trained.interruption) : code;
}

}  // namespace gradvitals::app
