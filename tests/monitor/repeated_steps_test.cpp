// Contract: a log that holds a step more than once is read, and what was done with it is counted.
// Oracle: logs made by hand.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/recorded/recorded_metrics.h"
#include "monitor/recorded/recorded_table.h"

namespace gradvitals::test {
namespace {

/// JSON lines of a norm each.
std::string log_of(const std::vector<std::pair<int, std::string>>& entries) {
  std::string text;
  for (const auto& [step, norm] : entries) {
    text += "{\"step\": " + std::to_string(step) + ", \"grad/a\": " + norm + ", \"grad/b\": 1}\n";
  }
  return text;
}

RecordedMetrics parse_log(const std::vector<std::pair<int, std::string>>& entries) {
  return parse_recorded_metrics(log_of(entries), "log.jsonl");
}

std::vector<std::int64_t> numbers_of(const RecordedMetrics& recorded) {
  std::vector<std::int64_t> steps;
  for (const RecordedStep& step : recorded.steps) steps.push_back(step.step.value_or(-1));
  return steps;
}

using Numbers = std::vector<std::int64_t>;

TEST(RepeatedSteps, OfARestartedRunTheLastRecordCounts) {
  const RecordedMetrics recorded =
      parse_log({{0, "0.1"}, {10, "0.2"}, {20, "NaN"}, {10, "0.3"}, {20, "0.4"}, {30, "0.5"}});
  EXPECT_EQ(numbers_of(recorded), (Numbers{0, 10, 20, 30}));
  EXPECT_EQ(recorded.steps[1].metrics.gradient_norms.front(), 0.3);
  EXPECT_EQ(recorded.superseded.records, 2);
  EXPECT_EQ(recorded.superseded.first, 10);
  EXPECT_EQ(recorded.superseded.not_finite, 1);
  EXPECT_EQ(recorded.shared.records, 0);
}

TEST(RepeatedSteps, OfSeveralRestartsTheLastRecordCounts) {
  const RecordedMetrics recorded =
      parse_log({{0, "0.1"}, {1, "0.2"}, {0, "0.3"}, {1, "0.4"}, {0, "0.5"}, {1, "0.6"}});
  EXPECT_EQ(numbers_of(recorded), (Numbers{0, 1}));
  EXPECT_EQ(recorded.steps[0].metrics.gradient_norms.front(), 0.5);
  EXPECT_EQ(recorded.superseded.records, 4);
}

TEST(RepeatedSteps, InARowAreEachAStep) {
  const RecordedMetrics recorded = parse_log({{0, "0.1"}, {1, "0.2"}, {1, "0.3"}, {2, "0.4"}});
  EXPECT_EQ(numbers_of(recorded), (Numbers{0, 1, 1, 2}));
  EXPECT_EQ(recorded.shared.records, 2);
  EXPECT_EQ(recorded.shared.first, 1);
  EXPECT_EQ(recorded.superseded.records, 0);
}

TEST(RepeatedSteps, OfAnotherTensorSupersedeNothing) {
  const RecordedMetrics recorded = parse_recorded_metrics(
      "{\"step\": 0, \"grad/a\": 1}\n{\"step\": 1, \"grad/a\": 2}\n"
      "{\"step\": 0, \"grad/b\": 3}\n{\"step\": 1, \"grad/b\": 4}\n",
      "log.jsonl");
  EXPECT_EQ(numbers_of(recorded), (Numbers{0, 1, 0, 1}));
  EXPECT_EQ(recorded.superseded.records, 0);
  EXPECT_EQ(recorded.shared.records, 4);
  EXPECT_EQ(recorded.shared.first, 0);
}

TEST(RepeatedSteps, OfALogWithoutRepetitionsNothingIsCounted) {
  const RecordedMetrics recorded = parse_log({{0, "0.1"}, {20, "0.2"}, {10, "0.3"}});
  EXPECT_EQ(numbers_of(recorded), (Numbers{0, 20, 10})) << "in the order of the file";
  EXPECT_EQ(recorded.superseded.records + recorded.shared.records, 0);
  const RecordedMetrics numbered =
      parse_recorded_metrics("{\"grad/a\": 1}\n{\"grad/a\": 2}\n", "log.jsonl");
  EXPECT_EQ(numbered.steps.size(), 2U);
  EXPECT_EQ(numbered.superseded.records + numbered.shared.records, 0);
}

TEST(RepeatedSteps, OfATableOfNamesAndValuesTheLastValueCounts) {
  const std::vector<std::string> columns = {"step", "name", "norm"};
  const std::vector<std::string_view> cells = {"0", "a", "0.1", "1", "a", "Inf",
                                               "1", "b", "0.2", "1", "a", "0.7"};
  const std::vector<std::int64_t> lines = {2, 3, 4, 5};
  const RecordedMetrics recorded =
      recorded_from_table({.columns = columns, .cells = cells, .lines = lines}, "log.csv");
  ASSERT_EQ(numbers_of(recorded), (Numbers{0, 1}));
  EXPECT_EQ(recorded.steps[1].metrics.gradient_norms, (std::vector<double>{0.7, 0.2}));
  EXPECT_EQ(recorded.superseded.records, 1);
  EXPECT_EQ(recorded.superseded.first, 1);
  EXPECT_EQ(recorded.superseded.not_finite, 1);
}

}  // namespace
}  // namespace gradvitals::test
