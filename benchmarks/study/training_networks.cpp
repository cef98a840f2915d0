#include "benchmarks/study/training_networks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "framework/layers/dense.h"
#include "framework/networks.h"

namespace gradvitals::study {

std::size_t WatchedNetwork::hidden_count() const {
  constexpr std::size_t kOfNotebook = 4;
  return hidden_widths.empty() ? kOfNotebook : hidden_widths.size();
}

const std::vector<WatchedNetwork>& watched_networks() {
  using enum UpdateRule;
  static const std::vector<WatchedNetwork> networks = {
      {"notebook-relu", "teacher/sigmoid-mse", kByAdam, 1e-3, Activation::kRelu},
      {"digits-relu", "digits/softmax", kBySgd, 0.1, Activation::kRelu, {128, 64}},
      {"digits-tanh", "digits/softmax", kByMomentum, 0.02, Activation::kTanh, {64, 64, 64}},
      {"gaussian-gelu", "gaussian/softmax", kByAdam, 1e-3, Activation::kGelu, {64, 64}},
      {"teacher-relu", "teacher/mse", kBySgd, 0.02, Activation::kRelu, {32, 32}},
  };
  return networks;
}

const WatchedNetwork& watched_network(std::string_view name) {
  const std::vector<WatchedNetwork>& networks = watched_networks();
  const auto found = std::ranges::find(networks, name, &WatchedNetwork::name);
  if (found != networks.end()) return *found;
  std::vector<std::string_view> names;
  for (const WatchedNetwork& network : networks) names.push_back(network.name);
  throw std::invalid_argument(
      fmt::format("no watched network is called '{}': there are {}", name, fmt::join(names, ", ")));
}

const Task& task_of(const WatchedNetwork& network, std::uint64_t seed,
                    const std::vector<Task>& tasks) {
  const auto task = std::ranges::find_if(tasks, [&](const Task& candidate) {
    return candidate.name == network.task && candidate.seed == 1 + seed % 2;
  });
  if (task != tasks.end()) return *task;
  throw std::invalid_argument(
      fmt::format("{} has no task {}: its data is scikit-learn's (Debian: python3-sklearn)",
                  network.name, network.task));
}

Sequential make_watched(Stream& stream, const WatchedNetwork& network, const Task& task,
                        std::uint64_t seed) {
  if (network.hidden_widths.empty()) {
    return relu_network(stream, {.seed = seed, .features = task.features, .head = task.head});
  }
  Sequential model(stream, {.name = "Watched", .input_shape = {task.features}, .seed = seed});
  const bool is_relu = network.activation == Activation::kRelu;
  for (const std::int64_t width : network.hidden_widths) {
    const auto start = is_relu ? Initializer(HeNormal{}) : Initializer(GlorotUniform{});
    model.add(Dense(width, network.activation, {.kernel_initializer = start}));
  }
  model.add(Dense(task.outputs, task.head));
  return model;
}

std::unique_ptr<Optimizer> make_optimizer_of(const WatchedNetwork& network) {
  switch (network.update_rule) {
    case UpdateRule::kBySgd:
      return std::make_unique<Sgd>(Sgd::Options{.learning_rate = network.learning_rate});
    case UpdateRule::kByMomentum:
      return std::make_unique<Momentum>(Momentum::Options{.learning_rate = network.learning_rate});
    case UpdateRule::kByAdam:
      return std::make_unique<Adam>(Adam::Options{.learning_rate = network.learning_rate});
  }
  throw std::logic_error("study: no such update rule");
}

}  // namespace gradvitals::study
