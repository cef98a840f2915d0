#include "app/compare.h"

#include <string>
#include <utility>
#include <vector>

#include "app/deliver.h"
#include "app/monitor_gradient_health.h"
#include "framework/networks.h"
#include "monitor/report/comparison.h"
#include "monitor/report/diagnosis_text.h"
#include "monitor/report/json.h"
#include "monitor/report/network_report.h"

namespace gradvitals::app {
namespace {

// What np.random.seed takes.
constexpr std::int64_t kLargestSeed = 4294967295;
// 64 units of float32 on ten layers: 1 GB of activations and deltas.
constexpr std::int64_t kLargestBatch = 200'000;

NetworkReport examine(Stream& stream, const Sequential& model, const SampleData& data,
                      std::string name, std::string short_name) {
  HealthMetrics metrics = monitor_gradient_health(stream, model, data.x, data.y);
  Diagnosis diagnosis = diagnose(metrics);
  return {.name = std::move(name),
          .short_name = std::move(short_name),
          .device = std::string(gradvitals::name(stream.device())),
          .metrics = std::move(metrics),
          .diagnosis = std::move(diagnosis)};
}

std::vector<NetworkReport> examine_networks(Stream& stream, const CompareOptions& options) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  const SampleData data = make_sample_data(stream, seed, options.batch);
  std::vector<NetworkReport> reports;
  reports.push_back(examine(stream, sigmoid_network(stream, seed, options.head), data,
                            "Sigmoid Network", "Sigmoid"));
  reports.push_back(
      examine(stream, relu_network(stream, seed, options.head), data, "ReLU Network", "ReLU"));
  reports.push_back(examine(stream, exploding_network(stream, seed, options.head), data,
                            "Exploding Network", "Exploding"));
  return reports;
}

std::string text_of(const std::vector<NetworkReport>& reports, const JudgingOptions& options) {
  const TextStyle style{.color = use_color(options.color), .ascii = use_ascii(options.ascii)};
  std::string text;
  for (const NetworkReport& report : reports) {
    text += network_heading(report, style) + diagnosis_text(report, options.rules, style);
  }
  return text + comparison_text(reports, options.rules, Thresholds{}, style);
}

}  // namespace

CLI::App* CompareOptions::add_to(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "compare", "Diagnose the seed notebook's three networks, side by side");
  add_integer(*command, "--seed", seed, 0, kLargestSeed, "Of weights and data");
  add_integer(*command, "--batch", batch, 1, kLargestBatch, "Samples");
  add_word(*command, "--head", {"sigmoid", "linear"}, "sigmoid",
           "Activation of the last layer of all three",
           [this](const std::string& word) { head = parse_activation(word).value(); });
  judging.add_to(*command);
  computing.add_to(*command);
  return command;
}

ExitCode compare(const CompareOptions& options) {
  options.judging.check();
  Stream stream = options.computing.open_stream();
  const std::vector<NetworkReport> reports = examine_networks(stream, options);
  return deliver(reports, text_of(reports, options.judging), comparison_json(reports),
                 options.judging);
}

}  // namespace gradvitals::app
