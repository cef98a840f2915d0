// Networks that are watched while they train, healthy ones first of all: what faults are put into.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "benchmarks/study/task.h"
#include "framework/optimizers.h"
#include "framework/sequential.h"

namespace gradvitals::study {

enum class UpdateRule : std::uint8_t { kBySgd, kByMomentum, kByAdam };

struct WatchedNetwork {
  std::string_view name;
  std::string_view task;  ///< Task::name
  UpdateRule update_rule = UpdateRule::kBySgd;
  double learning_rate = 0.0;
  Activation activation = Activation::kRelu;
  std::vector<std::int64_t> hidden_widths{};  ///< None: the notebook's relu network.

  std::size_t hidden_count() const;
};

/// The notebook's relu network, relu and tanh on digits, gelu on Gaussian classes, a small relu
/// regression; with Adam, SGD and momentum.
const std::vector<WatchedNetwork>& watched_networks();

/// Throws std::invalid_argument where none has the name, with those there are.
const WatchedNetwork& watched_network(std::string_view name);

/// Even and odd seeds train on the two tasks of that name. Throws std::invalid_argument where
/// `tasks` has none: digits needs scikit-learn's data.
const Task& task_of(const WatchedNetwork& network, std::uint64_t seed,
                    const std::vector<Task>& tasks);

Sequential make_watched(Stream& stream, const WatchedNetwork& network, const Task& task,
                        std::uint64_t seed);
std::unique_ptr<Optimizer> make_optimizer_of(const WatchedNetwork& network);

}  // namespace gradvitals::study
