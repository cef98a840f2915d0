// Contract: the notebook's text, byte for byte, and its score.
// Oracle: tests/data/golden/interpret, written by the notebook's own code under CPython.
// Tolerance: none.
#include "monitor/rules/notebook_interpreter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(GRADVITALS_TEST_DATA) / "golden/interpret";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot open " << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

double number(const nlohmann::json& value) {
  return value.is_null() ? kNaN : value.get<double>();
}

HealthMetrics load_metrics(const std::filesystem::path& path) {
  const auto json = nlohmann::json::parse(read_file(path));
  HealthMetrics metrics;
  metrics.min_gradient = number(json.at("min_gradient"));
  metrics.max_gradient = number(json.at("max_gradient"));
  metrics.mean_gradient = number(json.at("mean_gradient"));
  metrics.std_gradient = number(json.at("std_gradient"));
  metrics.vanished_layers = json.at("vanished_layers").get<std::int64_t>();
  metrics.weak_layers = json.at("weak_layers").get<std::int64_t>();
  metrics.total_layers = json.at("total_layers").get<std::int64_t>();
  for (const auto& norm : json.at("gradient_norms")) metrics.gradient_norms.push_back(number(norm));
  return metrics;
}

std::string without_outer_blank_lines(const std::string& text) {
  const auto first = text.find_first_not_of('\n');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of('\n') - first + 1);
}

std::vector<std::string> golden_names() {
  const std::string ending = ".metrics.json";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    const std::string file = entry.path().filename().string();
    if (file.ends_with(ending)) names.push_back(file.substr(0, file.size() - ending.size()));
  }
  std::ranges::sort(names);
  return names;
}

TEST(NotebookInterpreter, PrintsEveryRecordedCaseByteForByte) {
  const std::vector<std::string> names = golden_names();
  ASSERT_EQ(names.size(), 18u);
  for (const std::string& name : names) {
    const HealthMetrics metrics = load_metrics(kGolden / (name + ".metrics.json"));
    EXPECT_EQ(without_outer_blank_lines(interpret_gradient_health(metrics)),
              without_outer_blank_lines(read_file(kGolden / (name + ".txt"))))
        << name;
  }
}

TEST(NotebookInterpreter, ComputesTheMetricsOfEveryRecordedCaseFromItsNorms) {
  for (const std::string& name : golden_names()) {
    const HealthMetrics recorded = load_metrics(kGolden / (name + ".metrics.json"));
    const HealthMetrics computed = metrics_from_norms(recorded.gradient_norms);
    EXPECT_EQ(interpret_gradient_health(computed), interpret_gradient_health(recorded)) << name;
  }
}

TEST(NotebookInterpreter, ScoreAndTextAgreeOnEveryRecordedCase) {
  for (const std::string& name : golden_names()) {
    const NotebookScore score = notebook_score(load_metrics(kGolden / (name + ".metrics.json")));
    const std::string text = read_file(kGolden / (name + ".txt"));
    EXPECT_NE(text.find("Health Score: " + std::to_string(score.score) + "/8"), std::string::npos)
        << name;
    EXPECT_NE(text.find(" " + std::string(score.verdict) + ": "), std::string::npos) << name;
  }
}

TEST(NotebookInterpreter, BeginsWithABlankLineAndEndsWithOneLineBreak) {
  const std::string text = interpret_gradient_health(metrics_from_norms(std::vector{0.1}));
  EXPECT_EQ(text.front(), '\n');
  EXPECT_NE(text[1], '\n');
  EXPECT_EQ(text.back(), '\n');
  EXPECT_NE(text[text.size() - 2], '\n');
}

// CPython prints "nan" for a NaN of either sign, "inf" and "-inf", and as many exponent digits as
// needed, at least two.
TEST(NotebookInterpreter, PrintsNumbersAsCPythonDoes) {
  HealthMetrics metrics = metrics_from_norms(std::vector{0.1});
  metrics.min_gradient = std::copysign(kNaN, -1.0);
  metrics.max_gradient = kInf;
  metrics.mean_gradient = 1.25e-200;
  metrics.std_gradient = 5e-324;
  const std::string text = interpret_gradient_health(metrics);
  EXPECT_NE(text.find("   Min gradient: nan\n"), std::string::npos) << text;
  EXPECT_NE(text.find("   Max gradient: inf\n"), std::string::npos) << text;
  EXPECT_NE(text.find("   Mean gradient: 1.25e-200\n"), std::string::npos) << text;
  EXPECT_NE(text.find("   Std gradient: 4.94e-324\n"), std::string::npos) << text;
  EXPECT_NE(text.find("   Gradient range ratio: nan\n"), std::string::npos) << text;
}

TEST(NotebookInterpreter, ScoresEachLevelOfItsThreeParts) {
  const auto score = [](std::int64_t vanished, double max, double min) {
    HealthMetrics metrics;
    metrics.total_layers = 9;
    metrics.vanished_layers = vanished;
    metrics.max_gradient = max;
    metrics.min_gradient = min;
    return notebook_score(metrics).score;
  };
  EXPECT_EQ(score(0, 1.0, 1.0), 3 + 3 + 2);
  EXPECT_EQ(score(2, 1.0, 1.0), 1 + 3 + 2);
  EXPECT_EQ(score(3, 1.0, 1.0), 0 + 3 + 2);
  EXPECT_EQ(score(0, 50.0, 1.0), 3 + 1 + 2);
  EXPECT_EQ(score(0, 100.0, 1.0), 3 + 0 + 2);
  EXPECT_EQ(score(0, 1.0, 2e-5), 3 + 3 + 1);
  EXPECT_EQ(score(9, 1e9, 1.0), 0);
}

TEST(NotebookInterpreter, NamesTheLevelsOfItsScore) {
  const auto verdict = [](std::int64_t vanished, double max, double min) {
    HealthMetrics metrics;
    metrics.total_layers = 9;
    metrics.vanished_layers = vanished;
    metrics.max_gradient = max;
    metrics.min_gradient = min;
    return notebook_score(metrics).verdict;
  };
  EXPECT_EQ(verdict(0, 1.0, 2e-5), "EXCELLENT");  // 7
  EXPECT_EQ(verdict(0, 50.0, 1.0), "MODERATE");   // 6
  EXPECT_EQ(verdict(3, 1.0, 1.0), "MODERATE");    // 5
  EXPECT_EQ(verdict(2, 50.0, 1.0), "POOR");       // 4
  EXPECT_EQ(verdict(3, 50.0, 1.0), "POOR");       // 3
  EXPECT_EQ(verdict(9, 100.0, 1.0), "CRITICAL");  // 2
}

}  // namespace
}  // namespace gradvitals::test
