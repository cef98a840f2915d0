#include "app/compare.h"

#include <string>
#include <vector>

#include "app/deliver.h"
#include "app/judge.h"
#include "app/monitor_gradient_health.h"
#include "framework/networks.h"
#include "monitor/report/network_report.h"

namespace gradvitals::app {
namespace {

// What np.random.seed takes.
constexpr std::int64_t kLargestSeed = 4294967295;
// 64 units of float32 on ten layers: 1 GB of activations and deltas.
constexpr std::int64_t kLargestBatch = 200'000;

std::vector<NetworkReport> examine_networks(Stream& stream, const CompareOptions& options) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  const SampleData data = make_sample_data(stream, seed, options.batch);
  const auto examine = [&](const Sequential& model, const char* name, const char* short_name) {
    return judge(monitor_gradient_health(stream, model, data.x, data.y), stream.device(), name,
                 short_name);
  };
  return {examine(sigmoid_network(stream, seed, options.head), "Sigmoid Network", "Sigmoid"),
          examine(relu_network(stream, seed, options.head), "ReLU Network", "ReLU"),
          examine(exploding_network(stream, seed, options.head), "Exploding Network", "Exploding")};
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
  return deliver_comparison(reports, options.judging);
}

}  // namespace gradvitals::app
