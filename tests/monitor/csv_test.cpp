// Contract: statistics and events as CSV. Oracle: a reader of RFC 4180 written here; Python's reads it in
// tests/python/test_exports.py.
#include "monitor/report/export/csv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/monitor/export_fixtures.h"
#include "tests/monitor/hostile_name.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using CsvTable = std::vector<std::map<std::string, std::string>>;

std::vector<std::vector<std::string>> csv_lines(const std::string& text) {
  std::vector<std::vector<std::string>> lines(1);
  lines.back().emplace_back();
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      lines.back().back() += text[++i];
    } else if (c == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted && c == ',') {
      lines.back().emplace_back();
    } else if (!is_quoted && c == '\n') {
      lines.emplace_back().emplace_back();
    } else {
      lines.back().back() += c;
    }
  }
  lines.pop_back();  // Behind the last line end.
  return lines;
}

CsvTable table_of(const std::string& text) {
  const auto lines = csv_lines(text);
  CsvTable table;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].size(), lines[0].size()) << "line " << i;
    if (lines[i].size() != lines[0].size()) return table;
    for (std::size_t j = 0; j < lines[0].size(); ++j) {
      if (j == 0) table.emplace_back();
      table.back()[lines[0][j]] = lines[i][j];
    }
  }
  return table;
}

TEST(StatisticsCsv, HasARowPerTensorWhoseNumbersReadBack) {
  NetworkReport network = relu_network();
  network.metrics.loss = 1.0 / 3.0;
  network.metrics.tensors[0].stats.sum_squares = 0.1;
  const CsvTable table = table_of(statistics_csv(std::vector{network}));
  ASSERT_EQ(table.size(), network.metrics.tensors.size());
  EXPECT_EQ(table[0].at("network"), "ReLU Network");
  EXPECT_EQ(table[0].at("tensor"), "dense/kernel");
  EXPECT_EQ(table[0].at("role"), "gradient");
  EXPECT_EQ(table[0].at("dtype"), "F32");
  EXPECT_EQ(table[0].at("count"), "64");
  EXPECT_EQ(table[0].at("step"), "");
  EXPECT_EQ(std::strtod(table[0].at("loss").c_str(), nullptr), 1.0 / 3.0);
  EXPECT_EQ(std::strtod(table[0].at("norm").c_str(), nullptr), std::sqrt(0.1));
}

TEST(StatisticsCsv, WritesWhatIsNotFiniteAsWhatItIs) {
  HealthMetrics metrics = named_metrics(
      {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 0.0});
  metrics.loss = -std::numeric_limits<double>::infinity();
  TensorRecord missing = tensor_with_norm("gone", Role::kGradient, 3, 1.0);
  missing.exists = false;
  metrics.tensors.push_back(missing);
  std::string csv = statistics_csv_header();
  append_statistics_csv(csv, "n", metrics, {.learning_rate = 0.5});
  const CsvTable table = table_of(csv);
  ASSERT_EQ(table.size(), 4U);
  EXPECT_EQ(table[0].at("loss"), "-inf");
  EXPECT_EQ(table[0].at("learning_rate"), "0.5");
  EXPECT_EQ(table[0].at("norm"), "nan");
  EXPECT_EQ(table[0].at("nan_count"), "1");
  EXPECT_EQ(table[1].at("norm"), "inf");
  EXPECT_EQ(table[2].at("norm"), "0");
  EXPECT_EQ(table[2].at("min_abs_nonzero"), "");  // Zeros have none.
  EXPECT_EQ(table[3].at("exists"), "false");
  EXPECT_EQ(table[3].at("norm"), "");
}

TEST(StatisticsCsv, OfNormsAloneHasARowEach) {
  HealthMetrics metrics = metrics_from_norms({0.25, 2.0});
  metrics.gradient_names = {"a", "b"};
  metrics.step = 7;
  std::string csv = statistics_csv_header();
  append_statistics_csv(csv, "n", metrics);
  const CsvTable table = table_of(csv);
  ASSERT_EQ(table.size(), 2U);
  EXPECT_EQ(table[1].at("tensor"), "b");
  EXPECT_EQ(table[1].at("norm"), "2");
  EXPECT_EQ(table[1].at("step"), "7");
  EXPECT_EQ(table[1].at("inf_count"), "");
}

TEST(StatisticsCsv, HostileNamesAreOneField) {
  const std::string name = hostile_name() + std::string(1, '\0') + "end";
  HealthMetrics metrics = metrics_from_norms({0.25});
  metrics.gradient_names = {Name(name)};
  std::string csv = statistics_csv_header();
  append_statistics_csv(csv, name, metrics);
  const CsvTable table = table_of(csv);
  ASSERT_EQ(table.size(), 1U);
  std::string expected = hostile_name();
  expected.replace(expected.find('\xff'), 1, "\uFFFD");
  expected +=
      "\uFFFD"
      "end";
  EXPECT_EQ(table[0].at("network"), expected);
  EXPECT_EQ(table[0].at("tensor"), expected);
}

TEST(EventsCsv, HasARowPerEventAndSaysWhatIsLeftOut) {
  TrajectoryReport run = sick_run("r", hostile_name());
  run.events_left_out = 42;
  const CsvTable table = table_of(events_csv(run));
  ASSERT_EQ(table.size(), 3U);
  EXPECT_EQ(table[0].at("run"), "r");
  EXPECT_EQ(table[0].at("event"), "began");
  EXPECT_EQ(table[0].at("rule"), "R17");
  EXPECT_EQ(table[0].at("id"), "loss_growth");
  EXPECT_EQ(table[0].at("value"), "0.25");
  EXPECT_EQ(table[0].at("limit"), "0.5");
  EXPECT_EQ(table[0].at("text"), "The loss grows.");
  EXPECT_EQ(table[0].at("advice"), "do R17; or not");
  EXPECT_EQ(table[1].at("first_step"), "90");
  EXPECT_EQ(table[2].at("event"), "left_out");
  EXPECT_EQ(table[2].at("count"), "42");
}

}  // namespace
}  // namespace gradvitals::test
