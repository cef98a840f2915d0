// Contract: monitor/recorded/recorded_table.h. Oracle: tables written out here; how a file becomes a
// table is tested with framework/io/text_table.h.
#include "monitor/recorded/recorded_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/runtime/error.h"

namespace gradvitals::test {
namespace {

using Cells = std::vector<std::string_view>;
using Columns = std::vector<std::string>;
using Names = std::vector<Name>;
using Norms = std::vector<double>;

RecordedMetrics read(const Columns& columns, const Cells& cells) {
  std::vector<std::int64_t> lines;
  for (std::size_t row = 0; row < cells.size() / columns.size(); ++row) {
    lines.push_back(static_cast<std::int64_t>(row) + 2);
  }
  return recorded_from_table({.columns = columns, .cells = cells, .lines = lines}, "t.csv");
}

std::string refusal(const Columns& columns, const Cells& cells) {
  try {
    read(columns, cells);
  } catch (const InputError& error) {
    return error.what();
  }
  return "taken";
}

TEST(RecordedTable, ARowIsAStepAndAColumnATensor) {
  const RecordedMetrics recorded = read(
      {"Step", "run-1 - gradients/0.weight", "run-1 - gradients/2.weight", "run-1 - train/loss"},
      {"0", "0.5", "1e-3", "2.0",  //
       "10", "NaN", "", "-",       //
       "20", "Infinity", "+0.25", "1.5"});
  ASSERT_EQ(recorded.steps.size(), 3U);
  EXPECT_EQ(recorded.steps[0].step, 0);
  EXPECT_EQ(recorded.steps[0].metrics.gradient_names,
            (Names{"gradients/0.weight", "gradients/2.weight"}));
  EXPECT_EQ(recorded.steps[0].metrics.gradient_norms, (Norms{0.5, 1e-3}));
  EXPECT_EQ(recorded.steps[0].metrics.loss, 2.0);
  EXPECT_EQ(recorded.steps[1].metrics.step, 10);
  ASSERT_EQ(recorded.steps[1].metrics.gradient_norms.size(), 1U) << "an empty cell is no value";
  EXPECT_TRUE(std::isnan(recorded.steps[1].metrics.gradient_norms[0]));
  EXPECT_FALSE(recorded.steps[1].metrics.loss.has_value());
  EXPECT_EQ(recorded.steps[2].metrics.gradient_norms, (Norms{INFINITY, 0.25}));
}

TEST(RecordedTable, WhatTrackersAddIsNoTensor) {
  const RecordedMetrics recorded = read({"Relative Time (Process)", "a - grad", "a - grad__MIN",
                                         "a - grad__MAX", "Wall time", "a - state"},
                                        {"0.1", "0.5", "0.4", "0.6", "1.7e9", "running"});
  EXPECT_EQ(recorded.steps.at(0).metrics.gradient_names, Names{"grad"});
  const RecordedMetrics tensorboard =
      read({"Wall time", "Step", "Value"}, {"1.7e9", "100", "0.5", "1.7e9", "200", "0.6"});
  EXPECT_EQ(tensorboard.steps.at(1).step, 200);
  EXPECT_EQ(tensorboard.steps.at(1).metrics.gradient_norms, Norms{0.6});
}

TEST(RecordedTable, RowsWithoutNormsAreNoSteps) {
  const RecordedMetrics recorded =
      read({"epoch", "step", "grad_norm", "val_loss"}, {"0", "9", "0.5", "", "0", "9", "", "1.5"});
  EXPECT_EQ(recorded.steps.size(), 1U);
  EXPECT_EQ(recorded.steps[0].step, 9) << "not the epoch";
  EXPECT_EQ(recorded.records_without_norms, 1);
}

TEST(RecordedTable, WithoutAColumnOfStepsRowsAreCounted) {
  const RecordedMetrics recorded =
      read({"layer_a", "layer_b", "comment"}, {"0.1", "0.2", "warm up", "0.3", "0.4", ""});
  EXPECT_EQ(recorded.steps.at(1).step, 1);
  EXPECT_EQ(recorded.steps.at(1).metrics.gradient_names, (Names{"layer_a", "layer_b"}));
}

TEST(RecordedTable, ColumnsOfOneNameAreToldApart) {
  const RecordedMetrics recorded = read({"Step", "grad", "grad"}, {"0", "0.1", "0.2"});
  EXPECT_EQ(recorded.steps.at(0).metrics.gradient_names, (Names{"grad", "grad (2)"}));
}

TEST(RecordedTable, ALongNameIsNotCopiedForEveryRow) {
  const std::string longer = "grad" + std::string(kMaxNormNameBytes, 'x');
  const std::string message = "t.csv: name \"grad" + std::string(76, 'x') +
                              "...\" has 516 bytes, and that of a norm has at most 512";
  EXPECT_EQ(refusal({"Step", longer}, {"0", "1", "1", "1"}), message);
  EXPECT_EQ(refusal({"name", "norm"}, {longer, "1"}), message);
  EXPECT_EQ(read({"note on " + longer + "__MIN", "grad"}, {"text", "1"}).steps.size(), 1U);
}

TEST(RecordedTable, RowsOfNamesAndValuesAreRead) {
  const RecordedMetrics norms =
      read({"parameter", "grad_norm"}, {"fc1.weight", "0.1", "loss", "0.2"});
  ASSERT_EQ(norms.steps.size(), 1U);
  EXPECT_EQ(norms.steps[0].metrics.gradient_names, (Names{"fc1.weight", "loss"}));
  EXPECT_EQ(norms.steps[0].metrics.gradient_norms, (Norms{0.1, 0.2}));
  // One name after the other, each over all steps.
  const RecordedMetrics exported = read({"key", "value", "step", "timestamp"},
                                        {"grad/a", "0.1", "0", "1", "grad/a", "0.2", "1", "2",  //
                                         "grad/b", "0.3", "0", "3", "grad/b", "NaN", "1", "4",  //
                                         "loss",   "5",   "0", "5", "lr",     "6",   "1", "6"});
  ASSERT_EQ(exported.steps.size(), 2U);
  EXPECT_EQ(exported.steps[0].metrics.gradient_norms, (Norms{0.1, 0.3}));
  EXPECT_EQ(exported.steps[0].metrics.loss, 5);
  EXPECT_EQ(exported.steps[1].step, 1);
  EXPECT_TRUE(std::isnan(exported.steps[1].metrics.gradient_norms.at(1)));
}

TEST(RecordedTable, ATextAmongNumbersIsNamedRatherThanTheColumnPassedOver) {
  EXPECT_EQ(refusal({"step", "fc1", "fc2", "host"},
                    {"0", "0.5", "0.1", "a", "1", "oops", "0.2", "b", "2", "0.4", "0.3", "c"}),
            "t.csv: line 3, column \"fc1\": \"oops\" is not a number; an empty cell is a norm that "
            "was not recorded");
}

TEST(RecordedTable, ADecimalCommaIsNamed) {
  EXPECT_EQ(
      refusal({"step", "fc1"}, {"0", "0,5", "1", "0,25"}),
      "t.csv: line 2, column \"fc1\": \"0,5\" has a decimal comma; numbers are read with a point");
  EXPECT_EQ(
      refusal({"step", "grad_norm"}, {"0", "1", "1", "-2,5e-3"}),
      "t.csv: line 3, column \"grad_norm\": \"-2,5e-3\" has a decimal comma; numbers are read "
      "with a point");
}

TEST(RecordedTable, TheStepsShareTheNamesOfTheColumns) {
  const RecordedMetrics recorded =
      read({"step", "run-1 - grad/0.weight", "run-1 - grad/2.weight"}, {"0", "1", "2",  //
                                                                        "1", "3", "4"});
  ASSERT_EQ(recorded.steps.size(), 2U);
  const Names& first = recorded.steps[0].metrics.gradient_names;
  const Names& second = recorded.steps[1].metrics.gradient_names;
  EXPECT_EQ(first, (Names{"grad/0.weight", "grad/2.weight"}));
  ASSERT_EQ(second, first);
  for (const std::size_t i : {0, 1}) EXPECT_EQ(&second[i].text(), &first[i].text());
}

TEST(RecordedTable, AColumnOfTextIsLeftOutByNameUnlessANormIsExpected) {
  EXPECT_EQ(read({"step", "host", "fc1"}, {"0", "a", "0.5", "1", "b", "0.5"}).texts_left_out,
            std::vector<std::string>{"host"});
  EXPECT_EQ(
      refusal({"step", "fc1"}, {"0", "big"}),
      "t.csv: holds no gradient norms: line 2, column \"fc1\": \"big\" is not a number, and no "
      "other name is that of a norm");
  EXPECT_EQ(refusal({"fc1.weight", "fc2.weight"}, {"0.5", "big"}),
            "t.csv: line 2, column \"fc2.weight\": \"big\" is not a number; an empty cell is a "
            "norm that was not recorded");
  EXPECT_EQ(read({"grad_norm", "grad_is_finite"}, {"0.5", "True"}).steps[0].metrics.gradient_names,
            Names{"grad_norm"})
      << "a flag";
}

TEST(RecordedTable, AnEmptyCellIsNotRecordedAndCounted) {
  const RecordedMetrics recorded =
      read({"step", "grad/a", "grad/b"}, {"0", "0.1", "", "1", "null", "0.2", "2", "", ""});
  EXPECT_EQ(recorded.steps.size(), 2U);
  EXPECT_EQ(recorded.norms_not_recorded, 2);
  EXPECT_EQ(recorded.records_without_norms, 1);
  EXPECT_EQ(
      refusal({"step", "grad/a"}, {"0", ""}),
      "t.csv: holds no gradient norms: every value of \"grad/a\" is empty or null, which is none "
      "(a NaN is written NaN)");
}

TEST(RecordedTable, ACellThatIsNoValueIsNamed) {
  EXPECT_EQ(refusal({"Step", "grad"}, {"0", "0.1", "1", "x\n"}),
            "t.csv: line 3, column \"grad\": \"x\\n\" is not a number; an empty cell is a norm "
            "that was not recorded");
  EXPECT_EQ(refusal({"Step", "grad"}, {"0", "1e999"}),
            "t.csv: line 2, column \"grad\": \"1e999\" is out of float64's range");
  EXPECT_EQ(refusal({"Step", "grad"}, {"0.5", "1"}),
            "t.csv: line 2, column \"Step\": \"0.5\" is not a whole number");
  EXPECT_EQ(refusal({"Step", "grad"}, {"0", "1", "1", "-1"}),
            "t.csv: line 3: \"grad\" is negative, and a norm is not");
  EXPECT_EQ(
      refusal({"Step", "loss"}, {"0", "1"}),
      "t.csv: holds no gradient norms: no name has \"grad\" in it, and every other is known for "
      "something else");
}

}  // namespace
}  // namespace gradvitals::test
