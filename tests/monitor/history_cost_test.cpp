// Contract: what a row of a history costs: bytes and memory. Oracle: the file, and what operator
// new was asked for. Its time is the benchmark watch_step's.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "monitor/history/history_writer.h"
#include "tests/monitor/counted_memory.h"
#include "tests/monitor/history_fixtures.h"

namespace gradvitals::test {
namespace {

class HistoryCost : public HistoryFile {};

/// Random statistics, of as many digits as float64 has; relu gradients have zeros.
HealthMetrics step_of_tensors(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::lognormal_distribution<double> size(-7.0, 3.0);
  std::vector<TensorRecord> records;
  for (int i = 0; i < count; ++i) {
    TensorRecord record =
        gradient("model.layers." + std::to_string(i) + ".mlp.weight", {1.0, 2.0, 0.0});
    record.stats.sum_squares = size(random);
    record.stats.sum = size(random) - size(random);
    record.stats.max_abs = static_cast<float>(size(random));
    record.stats.min_abs_nonzero = static_cast<float>(1e-9 * size(random));
    record.stats.zero_count = i % 2 == 0 ? 2 : 0;
    records.push_back(std::move(record));
  }
  HealthMetrics metrics = metrics_of(std::move(records));
  metrics.loss = size(random);
  metrics.step = 123'456 + seed;
  return metrics;
}

TEST_F(HistoryCost, AStepOf600TensorsTakes70Kilobytes) {
  HistoryWriter writer(path_);
  for (unsigned seed = 0; seed < 16; ++seed) writer.add(step_of_tensors(600, seed));
  const std::string text = content();
  const std::size_t last = text.rfind('\n', text.size() - 2);
  const std::size_t bytes = text.size() - last - 1;
  std::cout << "600 tensors: " << bytes << " bytes a row\n";
  EXPECT_LE(bytes, 70'000U);
}

TEST_F(HistoryCost, ARowTakesNoMemoryOnceItsLayoutIsKnown) {
  HistoryWriter writer(path_);
  const HealthMetrics metrics = step_of_tensors(600, 1);
  writer.add(metrics, {.learning_rate = 0.01});
  writer.add(metrics, {.learning_rate = 0.01});
  const std::int64_t allocations = allocation_count();
  const std::int64_t bytes = live_bytes();
  for (int row = 0; row < 100; ++row) writer.add(metrics, {.learning_rate = 0.01});
  EXPECT_EQ(allocation_count() - allocations, 0);
  EXPECT_EQ(live_bytes() - bytes, 0);
}

class HistoryReadingCost : public HistoryCost {
 protected:
  /// Of a history whose one step has so many tensors; the least of three.
  double reading_seconds(int tensors) {
    std::filesystem::remove(path_);
    HistoryWriter(path_).add(step_of_tensors(tensors, 1));
    const std::string text = content();
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const std::vector<HistoryStep> steps = read_history(text).steps;
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      EXPECT_EQ(steps.at(0).metrics.tensors.size(), static_cast<std::size_t>(tensors));
      least = std::min(least, seconds.count());
    }
    return least;
  }
};

/// Time that grew with the square of the tensors would be 64 times as much, and was.
TEST_F(HistoryReadingCost, OfALayoutGrowsWithItsTensors) {
  const double few = reading_seconds(4'000);
  const double many = reading_seconds(32'000);
  EXPECT_LT(many, 24.0 * few) << few << " s and " << many << " s";
}

}  // namespace
}  // namespace gradvitals::test
