// Contract under test: the study of verdicts, in its small form: what it counts, and floors below
// which the rules would be no use.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/study/collect.h"
#include "benchmarks/study/report.h"

namespace gradvitals::study {
namespace {

constexpr int kWorkers = 2;

const std::vector<Task>& tasks() {
  static const std::vector<Task> all = make_tasks("/nonexistent");  // The synthetic ones.
  return all;
}

TEST(StudyScore, CountsRecallPrecisionAndQuiet) {
  Score score;
  EXPECT_TRUE(std::isnan(score.recall()));
  EXPECT_TRUE(std::isnan(score.precision()));
  score.add(Truth::kTrains, false);
  score.add(Truth::kTrains, true);
  score.add(Truth::kFails, true);
  score.add(Truth::kFails, true);
  score.add(Truth::kFails, false);
  score.add(Truth::kBetween, true);
  EXPECT_DOUBLE_EQ(score.recall(), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(score.precision(), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(score.quiet(), 0.5);
}

TEST(Study, TellsNetworksThatTrainFromThoseThatDoNot) {
  const std::vector<NetworkSpec> drawn = draw_networks(1, 200, tasks());
  std::vector<NetworkSpec> specs;  // Small ones, of which training takes a moment.
  for (const NetworkSpec& spec : drawn) {
    if (spec.width <= 64 && specs.size() < 40) specs.push_back(spec);
  }
  const std::vector<Trial> trials = collect(specs, tasks(), kWorkers);
  Score score;
  for (const Judged& one : judge(trials, tasks())) score.add(one.truth, one.is_sick());
  ASSERT_GE(score.trains, 5);
  ASSERT_GE(score.fails, 5);
  EXPECT_GE(score.recall(), 0.75);
  EXPECT_GE(score.quiet(), 0.75);
}

TEST(Study, NamesNearlyEveryFault) {
  const std::vector<FaultResult> results = score_faults(tasks(), kWorkers);
  EXPECT_GE(results.size(), 26u);
  int subjects = 0, named = 0;
  for (const FaultResult& result : results) {
    EXPECT_GT(result.subjects, 0) << result.fault;
    subjects += result.subjects;
    named += result.named;
  }
  EXPECT_GE(named, 0.95 * subjects);
}

TEST(Study, HalvesShareNoCombinationOfTaskShapeAndSeed) {
  std::set<std::string> halves[2];
  for (const NetworkSpec& spec : draw_networks(1, 500, tasks())) {
    const Task& task = tasks()[spec.task];
    halves[half_of(spec, task) == Half::kScore ? 1 : 0].insert(
        task.name + std::to_string(task.seed) + spec.shape());
  }
  EXPECT_FALSE(halves[0].empty() || halves[1].empty());
  for (const std::string& combination : halves[0]) EXPECT_FALSE(halves[1].contains(combination));
}

TEST(StudyTrial, RunsAreToldByMethodAndRate) {
  Trial trial;
  // Closer than a text of six digits shows.
  const Training other{Method::kSgd, 0.3 + 1e-12};
  trial.runs = {{.training = kAdam, .score = 0.1},
                {.training = other, .score = 0.2},
                {.training = kSgdLarge, .score = 0.3}};
  EXPECT_EQ(trial.score_of(kAdam), 0.1);
  EXPECT_EQ(trial.score_of(other), 0.2);
  EXPECT_EQ(trial.score_of(kSgdLarge), 0.3);
  EXPECT_THROW(trial.score_of(kSgdSmall), std::logic_error);
}

// Worked out in Python from mt19937_64, whose numbers the standard fixes.
TEST(StudyRows, AreShuffledTheSameWithEveryLibrary) {
  EXPECT_EQ(shuffled_rows(5, 1), (std::vector<std::int64_t>{1, 4, 0, 2, 3}));
  EXPECT_EQ(shuffled_rows(1, 1), (std::vector<std::int64_t>{0}));
}

TEST(StudyDocument, IsNotWrittenWithoutEveryTask) {
  const std::filesystem::path folder = ::testing::TempDir() + "study_data";
  std::filesystem::create_directory(folder);
  for (const char* file : {"digits.csv.gz", "diabetes_data_raw.csv.gz", "diabetes_target.csv.gz"}) {
    EXPECT_THROW(require_every_task(folder.string()), std::runtime_error) << file;
    std::ofstream(folder / file).put('\n');
  }
  EXPECT_NO_THROW(require_every_task(folder.string()));
  std::filesystem::remove_all(folder);
}

TEST(StudyDocument, IsReplacedBetweenItsMarkersAlone) {
  const std::string path = ::testing::TempDir() + "study_document.md";
  std::ofstream(path) << "before\n<!-- study: begin -->\nold\n<!-- study: end -->\nafter\n";
  write_document(path, "new");
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, "before\n<!-- study: begin -->\n\nnew\n<!-- study: end -->\nafter\n");
  std::ofstream(path) << "no markers\n";
  EXPECT_THROW(write_document(path, "new"), std::runtime_error);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace gradvitals::study
