// The comparison: its table's shape and cells, and conclusions that follow the verdicts.
#include "monitor/report/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr TextStyle kPlain{};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string line_with(const std::string& text, std::string_view start) {
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with(start)) return line;
  }
  return "";
}

/// Cells of a table's line, which two blanks or more keep apart.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t end = std::min(line.find("  ", begin), line.size());
    cells.push_back(line.substr(begin, end - begin));
    begin = std::min(line.find_first_not_of(' ', end), line.size());
  }
  return cells;
}

/// Display columns at which the cells of a line begin.
std::vector<int> column_starts(const std::string& line) {
  std::vector<int> starts;
  std::size_t position = 0;
  for (const std::string& cell : cells_of(line)) {
    position = line.find(cell, position);
    starts.push_back(display_width(std::string_view(line).substr(0, position)));
    position += cell.size();
  }
  return starts;
}

/// The lines of the table that hold cells: its header and its rows.
std::vector<std::string> table_rows(const std::string& table) {
  std::vector<std::string> rows;
  for (const std::string& line : lines_of(table)) {
    if (line.starts_with("Metric") || contains(line, "  ")) rows.push_back(line);
  }
  return rows;
}

std::string table_of(std::span<const NetworkReport> networks, RuleSet rules = RuleSet::kFull,
                     TextStyle style = kPlain) {
  return comparison_table(networks, rules, style);
}

void expect_aligned(const std::string& table, std::size_t columns) {
  const std::vector<std::string> rows = table_rows(table);
  ASSERT_GE(rows.size(), 8u) << table;
  const std::vector<int> starts = column_starts(rows.front());
  EXPECT_EQ(starts.size(), columns) << table;
  for (const std::string& row : rows) {
    EXPECT_EQ(column_starts(row), starts) << row;
    EXPECT_NE(row.back(), ' ') << row;
  }
}

TEST(ComparisonTable, NotebookRulesShowItsRowsAlone) {
  const std::vector<NetworkReport> networks = three_networks();
  std::vector<std::string> names;
  for (const std::string& row : table_rows(table_of(networks, RuleSet::kNotebook))) {
    names.push_back(cells_of(row).front());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"Metric", "Min Gradient", "Max Gradient",
                                             "Mean Gradient", "Std Gradient", "Vanished Layers",
                                             "Weak Layers", "Total Layers"}));
}

TEST(ComparisonTable, FullRulesAddGainsScoreAndVerdict) {
  const std::vector<NetworkReport> networks = three_networks();
  const std::string table = table_of(networks);
  using Cells = std::vector<std::string>;
  EXPECT_EQ(cells_of(line_with(table, "Metric")),
            (Cells{"Metric", "Sigmoid", "ReLU", "Exploding", "Ideal Range"}));
  EXPECT_EQ(cells_of(line_with(table, "Min Gradient")),
            (Cells{"Min Gradient", "6.5e-06", "5.7e-03", "5.2e+02", "1e-4 to 1e0"}));
  EXPECT_EQ(cells_of(line_with(table, "Weak Layers")),
            (Cells{"Weak Layers", "3", "0", "0", "0-1"}));
  EXPECT_EQ(cells_of(line_with(table, "Backward Factor")),
            (Cells{"Backward Factor", "1.4e-02", "4.2e-01", "4.5e+03", "0.06 to 12"}));
  EXPECT_EQ(cells_of(line_with(table, "Notebook Score")),
            (Cells{"Notebook Score", "8/8 EXCELLENT", "8/8 EXCELLENT", "4/8 POOR", "7/8 or 8/8"}));
  EXPECT_EQ(cells_of(line_with(table, "Verdict")),
            (Cells{"Verdict", "vanishing", "healthy", "exploding", "healthy"}));
}

TEST(ComparisonTable, ColumnsStartAtTheSamePlaceInEveryLine) {
  expect_aligned(table_of(three_networks()), 5);
  expect_aligned(table_of(three_networks(), RuleSet::kNotebook), 5);
  expect_aligned(table_of(three_networks(), RuleSet::kFull, {.color = true, .ascii = true}), 5);
}

TEST(ComparisonTable, TakesAnyNumberOfNetworksWithAnyNames) {
  const std::vector<NetworkReport> networks = {
      network_with_norms("a name that is wider than any of its cells", {1.0}),
      network_with_norms("\xe5\xb1\xa4\xe5\xb1\xa4\xe5\xb1\xa4\xe5\xb1\xa4\xe5\xb1\xa4", {1.0}),
      network_with_norms("line\nbreak", {1.0}),
      network_with_norms("h\xc3\xa4user", {std::nan(""), 2.0}),
  };
  for (std::size_t count = 1; count <= networks.size(); ++count) {
    const std::span some(networks.data(), count);
    expect_aligned(table_of(some), count + 2);
    expect_aligned(table_of(some, RuleSet::kFull, {.ascii = true}), count + 2);
  }
}

TEST(ComparisonTable, NumbersThatAreNotFiniteAndMissingGainsAreSaid) {
  const std::vector<NetworkReport> networks = {network_with_norms("odd", {1.0, -std::nan("")})};
  const std::string table = table_of(networks);
  EXPECT_EQ(cells_of(line_with(table, "Max Gradient"))[1], "nan");
  EXPECT_EQ(cells_of(line_with(table, "Forward Gain"))[1], "n/a");
}

TEST(ComparisonTable, IdealRangesComeFromTheDiagnosis) {
  std::vector<NetworkReport> networks = three_networks();
  networks.front().diagnosis.thresholds.uneven_backward_factor = 0.25;
  networks.front().diagnosis.thresholds.backward_factor_high.warning = 4.0;
  const std::string table = comparison_table(networks, RuleSet::kFull, kPlain);
  EXPECT_EQ(cells_of(line_with(table, "Backward Factor")).back(), "0.25 to 4");
}

TEST(Conclusions, TellVerdictAndTheNumberThatDecided) {
  const std::vector<NetworkReport> networks = three_networks();
  const std::string text = conclusions(networks, RuleSet::kFull, kPlain);
  EXPECT_EQ(
      lines_of(text),
      (std::vector<std::string>{
          "🎯 SUMMARY CONCLUSIONS:",
          "⚠️ Sigmoid Network: vanishing; backward factor is 0.0138 (healthy: at least 0.03)",
          "✅ ReLU Network: healthy; backward factor is 0.422 (healthy: 0.06 to 12)",
          "🚨 Exploding Network: exploding; backward factor is 4.49e+03 (healthy: at most "
          "12)"}));
}

TEST(Conclusions, TheRangeOfAHealthyFactorIsThatOfTheTable) {
  NetworkReport network = relu_network();
  const std::vector<NetworkReport> networks = {network};
  const std::string range = cells_of(line_with(table_of(networks), "Backward Factor")).back();
  EXPECT_TRUE(contains(*backward_factor_phrase(network.diagnosis), "(healthy: " + range + ")"));
  // Healthy for its other signs alone.
  network.diagnosis.vital_signs.oxygen.backward_factor = 0.05;
  EXPECT_EQ(backward_factor_phrase(network.diagnosis), "backward factor is 0.05");
  network.diagnosis.vital_signs.oxygen.backward_factor = std::nullopt;
  EXPECT_EQ(backward_factor_phrase(network.diagnosis), std::nullopt);
}

TEST(Conclusions, SwapWithTheVerdicts) {
  std::vector<NetworkReport> networks = three_networks();
  std::swap(networks[0].metrics, networks[1].metrics);
  std::swap(networks[0].diagnosis, networks[1].diagnosis);
  for (const RuleSet rules : {RuleSet::kFull, RuleSet::kNotebook}) {
    std::string before = conclusions(three_networks(), rules, kPlain);
    const std::string after = conclusions(networks, rules, kPlain);
    EXPECT_NE(before, after);
    const auto rest = [](const std::string& line) { return line.substr(line.find(": ")); };
    EXPECT_EQ(rest(lines_of(before)[1]), rest(lines_of(after)[2]));
    EXPECT_EQ(rest(lines_of(before)[2]), rest(lines_of(after)[1]));
  }
}

TEST(Conclusions, WithoutGainsTheDecidingFindingSpeaks) {
  const std::vector<NetworkReport> networks = {network_with_norms("dump", {500.0, 1.0})};
  const std::string text = conclusions(networks, RuleSet::kFull, kPlain);
  ASSERT_FALSE(networks[0].diagnosis.findings.empty());
  std::string reason = networks[0].diagnosis.findings[0].text;
  reason.pop_back();
  EXPECT_TRUE(contains(text, "dump: exploding; " + reason + "\n")) << text;
}

TEST(Conclusions, ForwardGainSpeaksWhereItDecided) {
  HealthMetrics metrics = named_metrics({0.1, 0.1, 0.1, 0.1});
  add_gains(metrics, 1.0, 16.0);
  for (TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kDelta) tensor.stats.sum_squares = 0.0;
  }
  const std::vector<NetworkReport> networks = {judged("dead end", "", metrics)};
  EXPECT_TRUE(contains(conclusions(networks, RuleSet::kFull, kPlain),
                       "exploding; forward gain per hidden layer is 16 (healthy: at most 5)"));
}

TEST(Conclusions, NotebookRulesUseItsScoreAlone) {
  std::vector<NetworkReport> networks = three_networks();
  const std::string text = conclusions(networks, RuleSet::kNotebook, kPlain);
  EXPECT_TRUE(contains(text, "✅ Sigmoid Network: EXCELLENT, health score 8/8")) << text;
  EXPECT_TRUE(contains(text, "🚨 Exploding Network: POOR, health score 4/8")) << text;
  for (NetworkReport& network : networks) network.diagnosis = Diagnosis{};
  EXPECT_EQ(conclusions(networks, RuleSet::kNotebook, kPlain), text);
}

TEST(Disagreements, NameTheNetworkBothVerdictsAndWhy) {
  const std::vector<NetworkReport> networks = three_networks();
  const std::string text = disagreements(networks, kPlain);
  EXPECT_EQ(
      text,
      "The notebook's score and the full rules disagree on 1 of 3. Sigmoid: the notebook says "
      "EXCELLENT 8/8, since no norm is below 1e-06 (smallest: 6.5e-06) or above 10; the full "
      "rules say vanishing: backward factor is 0.0138 (healthy: at least 0.03).\n");
}

TEST(Disagreements, NoneIsSaidInOneLine) {
  const std::vector<NetworkReport> networks = {relu_network(), exploding_network()};
  EXPECT_EQ(disagreements(networks, kPlain),
            "The notebook's score and the full rules agree on every network.\n");
}

TEST(Disagreements, AHealthyVerdictAgainstAPoorScoreIsOne) {
  NetworkReport network = exploding_network();
  network.diagnosis = relu_network().diagnosis;
  EXPECT_TRUE(
      contains(disagreements({&network, 1}, kPlain),
               "the notebook says POOR 4/8, since the largest norm is 2.3e+07 and norms span "
               "4.4e+04x; the full rules say healthy"));
}

TEST(Disagreements, AVerdictThatTheNotebookHasNoCheckForIsOne) {
  const NetworkReport network = network_with_norms("one nan", {std::nan(""), 500.0});
  ASSERT_EQ(network.diagnosis.verdict, Verdict::kNonFinite);
  const std::string text = disagreements({&network, 1}, kPlain);
  EXPECT_TRUE(contains(text, "the full rules say non_finite")) << text;
  EXPECT_TRUE(contains(text, "a norm that is not a number crosses no limit")) << text;
}

TEST(Disagreements, ACriticalVerdictThatTheNotebookCallsManageableIsOne) {
  const NetworkReport network = network_with_norms("huge", {1e30, 1e30});
  ASSERT_EQ(network.diagnosis.severity, Severity::kCritical);
  EXPECT_TRUE(contains(disagreements({&network, 1}, kPlain),
                       "the notebook says MODERATE 5/8, since the largest norm is 1.0e+30"));
}

TEST(ComparisonText, IsAsciiWhereAskedAndHasNoEscapesWithoutColor) {
  std::vector<NetworkReport> networks = three_networks();
  networks[1].name = "R\xc3\xa9LU\x1b[2J";
  networks[1].short_name = "";
  for (const RuleSet rules : {RuleSet::kFull, RuleSet::kNotebook}) {
    const std::string ascii = comparison_text(networks, rules, {.ascii = true});
    EXPECT_TRUE(std::ranges::all_of(ascii, [](unsigned char c) { return c < 0x80; })) << ascii;
    const std::string plain = comparison_text(networks, rules, kPlain);
    EXPECT_EQ(plain.find('\x1b'), std::string::npos);
    EXPECT_EQ(contains(plain, "full rules"), rules == RuleSet::kFull);
  }
}

}  // namespace
}  // namespace gradvitals::test
