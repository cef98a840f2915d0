// Contract: what a row of a history costs: bytes, time and memory. Oracle: the file, a clock, and the
// allocator's own count. Times are loose: they must hold on a machine that does other work.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "monitor/history/history_writer.h"
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

/// Median of the times that add() takes.
double microseconds_a_row(HistoryWriter& writer, int tensors) {
  std::vector<HealthMetrics> steps;
  for (unsigned seed = 0; seed < 16; ++seed) steps.push_back(step_of_tensors(tensors, seed));
  std::vector<double> times;
  for (int row = 0; row < 400; ++row) {
    const HealthMetrics& metrics = steps[static_cast<std::size_t>(row) % steps.size()];
    const auto begin = std::chrono::steady_clock::now();
    writer.add(metrics, {.learning_rate = 0.01});
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
    times.push_back(time.count());
  }
  std::ranges::nth_element(times, times.begin() + 200);
  return times[200];
}

TEST_F(HistoryCost, AStepOf600TensorsTakes70KilobytesAnd250Microseconds) {
  HistoryWriter writer(path_);
  const double time = microseconds_a_row(writer, 600);
  const std::string text = content();
  const std::size_t last = text.rfind('\n', text.size() - 2);
  const std::size_t bytes = text.size() - last - 1;
  std::cout << "600 tensors: " << bytes << " bytes, " << time << " us a row\n";
  EXPECT_LE(bytes, 70'000U);
  EXPECT_LE(time, 250.0);
}

TEST_F(HistoryCost, AStepOf30TensorsTakesFewMicroseconds) {
  HistoryWriter writer(path_);
  const double time = microseconds_a_row(writer, 30);
  std::cout << "30 tensors: " << time << " us a row\n";
  EXPECT_LE(time, 60.0);
}

}  // namespace
}  // namespace gradvitals::test
