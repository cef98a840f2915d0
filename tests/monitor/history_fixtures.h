// Steps and files for the tests of histories.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "monitor/history/history_reader.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {

/// A path of its own for each test, removed with what is there before and after it.
class HistoryFile : public testing::Test {
 protected:
  HistoryFile() : path_(unique_path()) { std::filesystem::remove(path_); }
  ~HistoryFile() override { std::filesystem::remove(path_); }

  std::string content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void append(const std::string& text) const {
    std::ofstream(path_, std::ios::binary | std::ios::app) << text;
  }

  const std::string path_;

 private:
  static std::string unique_path() {
    const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
    return testing::TempDir() + info->test_suite_name() + "." + info->name() + ".jsonl";
  }
};

/// Everything in a history, in its order.
struct ReadHistory {
  std::vector<HistoryStep> steps;
  std::vector<HistoryEvent> events;
  HistoryNotes notes;

  std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> all;
    for (const HistoryStep& step : steps) all.push_back(step.metrics.step.value_or(-1));
    return all;
  }
};

inline ReadHistory read_history(const std::string& text) {
  HistoryReader reader(text, "h.jsonl");
  ReadHistory read;
  while (auto record = reader.next()) {
    if (auto* step = std::get_if<HistoryStep>(&*record)) {
      read.steps.push_back(std::move(*step));
    } else {
      read.events.push_back(std::move(std::get<HistoryEvent>(*record)));
    }
  }
  read.notes = reader.notes();
  return read;
}

/// A step of a small network in float32: gradients and weights of a kernel and a bias.
inline HealthMetrics light_step(std::int64_t step, float size = 0.25F) {
  std::vector<TensorRecord> records;
  for (const Role role : {Role::kGradient, Role::kWeight}) {
    records.push_back(
        tensor("dense/kernel", role, 0, {size, -0.3F * size, 0.0, 0.7F * size, 0.1F}));
    records.back().rank = 2;
    records.push_back(tensor("dense/bias", role, 0, {0.5F * size, size}));
  }
  TensorRecord squares = tensor("dense/kernel", Role::kUpdateSquares, 0, {1e-6 * size});
  squares.dtype = DType::kFloat64;
  records.push_back(std::move(squares));
  HealthMetrics metrics = metrics_of(std::move(records));
  metrics.step = step;
  metrics.loss = 1.0 / (1.0 + static_cast<double>(step));
  return metrics;
}

}  // namespace gradvitals::test
