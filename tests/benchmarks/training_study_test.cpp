// Contract under test: the study of faults during training: which episodes name a fault, what they
// are counted as, and that faults do what their names say. Episodes are made by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "benchmarks/study/collect.h"
#include "benchmarks/study/training_report.h"
#include "benchmarks/study/training_score.h"
#include "benchmarks/study/training_signals.h"

namespace gradvitals::study {
namespace {

constexpr std::uint64_t kSeed = 12;

const TrainingFault& made_fault() {
  static const TrainingFault fault{.name = "made",
                                   .accepted = {{Verdict::kDead}, {"R14"}},
                                   .symptoms = {{Verdict::kVanishing}, {}},
                                   .applies_to = nullptr};
  return fault;
}

WatchedRun faulty_run(std::uint64_t seed = kSeed) {
  return {.plan = plan_of(watched_networks()[0], &made_fault(), seed), .episodes = {}};
}

WatchedRun healthy_run() {
  return {.plan = plan_of(watched_networks()[0], nullptr, kSeed), .episodes = {}};
}

Raised raised(Verdict verdict, std::optional<std::int64_t> step,
              RuleId rule = RuleId::kBackwardFactor) {
  Raised one;
  one.episode.finding.rule = rule;
  one.episode.finding.severity = Severity::kWarning;
  one.episode.finding.verdict = verdict;
  one.episode.first_step = step.value_or(0);
  one.step = step;
  return one;
}

std::int64_t fault_step() {
  return fault_step_of(kSeed);
}

TEST(TrainingScore, TellsNamesFromSymptomsAndFromWhatIsWrong) {
  const RunPlan plan = faulty_run().plan;
  EXPECT_EQ(mark_of(raised(Verdict::kDead, fault_step()), plan), Mark::kRight);
  EXPECT_EQ(mark_of(raised(Verdict::kVanishing, fault_step()), plan), Mark::kSymptom);
  EXPECT_EQ(mark_of(raised(Verdict::kSaturated, fault_step()), plan), Mark::kWrong);
  EXPECT_EQ(mark_of(raised(Verdict::kSaturated, fault_step(), RuleId::kNormChange), plan),
            Mark::kRight)
      << "R14 is accepted whatever its verdict";
}

TEST(TrainingScore, CountsAsFalseWhatComesBeforeTheFaultOrWithoutOne) {
  EXPECT_EQ(mark_of(raised(Verdict::kDead, fault_step() - 1), faulty_run().plan), Mark::kFalse);
  EXPECT_EQ(mark_of(raised(Verdict::kDead, fault_step()), healthy_run().plan), Mark::kFalse);
}

TEST(TrainingScore, LeavesOutWhatAnotherExplainsAndWhatOnlyInforms) {
  Raised explained = raised(Verdict::kSaturated, fault_step());
  explained.episode.finding.consequence_of = RuleId::kDeadUnits;
  EXPECT_EQ(mark_of(explained, faulty_run().plan), Mark::kNotCounted);
  EXPECT_EQ(mark_of(raised(Verdict::kSaturated, std::nullopt), faulty_run().plan),
            Mark::kNotCounted);
}

TEST(TrainingScore, CountsRecallPrecisionAndDelay) {
  TrainingScore score;
  EXPECT_TRUE(std::isnan(score.recall()));
  EXPECT_TRUE(std::isnan(score.precision()));
  EXPECT_FALSE(score.delay(0.5));

  WatchedRun run = faulty_run();
  run.episodes = {
      raised(Verdict::kSaturated, fault_step() - 5), raised(Verdict::kDead, fault_step() + 9),
      raised(Verdict::kDead, fault_step() + 4), raised(Verdict::kVanishing, fault_step() + 1)};
  score.add(run);
  score.add(faulty_run());
  run = healthy_run();
  run.episodes = {raised(Verdict::kExploding, 20)};
  run.episodes[0].episode.finding.severity = Severity::kCritical;
  score.add(run);

  EXPECT_EQ(score.runs, 2);
  EXPECT_EQ(score.healthy_runs, 1);
  EXPECT_EQ(score.delay(0.5), 4) << "the first name of the run, not the first symptom";
  EXPECT_EQ(score.false_criticals, 1);
  EXPECT_DOUBLE_EQ(score.recall(), 0.5);
  EXPECT_DOUBLE_EQ(score.precision(), 2.0 / 4.0);
  EXPECT_DOUBLE_EQ(score.strict_precision(), 2.0 / 5.0);
  EXPECT_EQ(score.others, (std::set<std::string>{"R2 saturated", "R2 exploding"}));
}

TEST(TrainingScore, TakesQuantilesOfDelaysFromTheDelaysThereAre) {
  TrainingScore score;
  score.delays = {10, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(score.delay(0.5), 5);
  EXPECT_EQ(score.delay(0.9), 9);
  EXPECT_EQ(score.delay(1.0), 10);
}

TEST(TrainingScore, KeepsHalvesAndKindsApart) {
  const std::vector<WatchedRun> runs = {faulty_run(9), faulty_run(10), faulty_run(11),
                                        healthy_run()};
  EXPECT_EQ(score_training(runs, Half::kChoose, &made_fault()).runs, 1);
  EXPECT_EQ(score_training(runs, Half::kScore, &made_fault()).runs, 2);
  EXPECT_EQ(score_training(runs, Half::kScore, nullptr).runs, 0);
  EXPECT_EQ(score_training(runs, Half::kScore, nullptr).healthy_runs, 1);
  EXPECT_EQ(score_training(runs, Half::kScore).runs, 2);
}

TEST(RaisedEpisodes, AreRaisedByTheFirstEventThatWarns) {
  Episode slow = raised(Verdict::kUnstable, 40).episode;
  Episode at_first = slow;
  at_first.finding.severity = Severity::kInfo;
  const Episode again = raised(Verdict::kUnstable, 90).episode;
  const HealthEvent events[] = {{HealthEventKind::kBegan, 43, at_first},
                                {HealthEventKind::kWorsened, 60, slow},
                                {HealthEventKind::kWorsened, 70, slow},
                                {HealthEventKind::kEnded, 80, slow},
                                {HealthEventKind::kBegan, 93, again}};
  const Episode last[] = {slow, again, raised(Verdict::kDead, 95).episode};
  const std::vector<Raised> episodes = raised_episodes(events, last);
  ASSERT_EQ(episodes.size(), 3u);
  EXPECT_EQ(episodes[0].step, 60);
  EXPECT_EQ(episodes[1].step, 93);
  EXPECT_FALSE(episodes[2].step);
}

TEST(TrainingFaults, HaveNamesOfTheirOwnAndANetworkEach) {
  std::set<std::string_view> names;
  for (const TrainingFault& fault : training_faults()) {
    EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
    EXPECT_FALSE(fault.accepted.verdicts.empty() && fault.accepted.rules.empty()) << fault.name;
    EXPECT_TRUE(fault.before_forward != nullptr || fault.after_backward != nullptr) << fault.name;
    EXPECT_TRUE(std::ranges::any_of(watched_networks(), fault.applies_to)) << fault.name;
  }
  EXPECT_GE(names.size(), 18u);
  EXPECT_THROW(training_fault("no such"), std::invalid_argument);
  EXPECT_THROW(watched_network("no such"), std::invalid_argument);
}

const std::vector<Task>& made_tasks() {
  static const std::vector<Task> all = make_tasks("/nonexistent");  // None of scikit-learn's.
  return all;
}

/// The signals of the last step before a fault, and of its first.
struct AroundFault {
  StepSignals before;
  StepSignals at;
};

AroundFault around(std::string_view fault) {
  const WatchedNetwork& network = watched_network("teacher-relu");
  RunPlan plan = plan_of(network, &training_fault(fault), kSeed);
  plan.steps = fault_step_of(kSeed) + 1;
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  AroundFault signals;
  watch_run(stream, plan, made_tasks(),
            [&](const HealthMetrics& metrics, const StepContext&, std::span<const HealthEvent>) {
              signals.before = signals.at;
              signals.at = signals_of(metrics);
            });
  return signals;
}

TEST(TrainingFaults, DoWhatTheirNamesSayFromTheirFirstStep) {
  EXPECT_TRUE(std::isnan(*around("NaN in a weight").at.loss));
  EXPECT_TRUE(std::isfinite(*around("NaN in a weight").before.loss));
  EXPECT_EQ(*around("all weights frozen").at.largest_update_ratio, 0.0);
  EXPECT_GT(*around("all weights frozen").before.smallest_update_ratio, 0.0);
  EXPECT_EQ(*around("a frozen layer").at.smallest_update_ratio, 0.0);
  EXPECT_GT(*around("a frozen layer").at.largest_update_ratio, 0.0);

  const StepSignals still = around("all weights frozen").at;  // The step as it would have been.
  const StepSignals fast = around("learning rate x 100").at;
  EXPECT_NEAR(*fast.largest_update_ratio / *around("uphill").at.largest_update_ratio, 100.0, 0.01);
  EXPECT_EQ(*fast.loss, *still.loss);
  EXPECT_NEAR(around("gradients x 65,536").at.global_norm / still.global_norm, 65536.0, 1.0);
  EXPECT_LT(around("a layer's gradients zero").at.global_norm, still.global_norm);
  EXPECT_GT(*around("labels shuffled").at.loss, 2.0 * *still.loss);
  EXPECT_GT(*around("one batch x 100").at.loss, 100.0 * *still.loss);
  EXPECT_EQ(around("a layer held at zero").at.weight_rms[1], 0.0);
}

bool has_task(const WatchedNetwork& network) {
  return std::ranges::any_of(made_tasks(),
                             [&](const Task& task) { return task.name == network.task; });
}

TEST(TrainingStudy, NamesMostFaultsAndIsQuietBeforeThem) {
  std::vector<RunPlan> plans;
  for (const WatchedNetwork& network : watched_networks()) {
    if (!has_task(network)) continue;
    plans.push_back(plan_of(network, nullptr, kSeed));
    for (const TrainingFault& fault : training_faults()) {
      if (fault.applies_to(network)) plans.push_back(plan_of(network, &fault, kSeed));
    }
  }
  std::vector<WatchedRun> runs(plans.size());
  run_jobs("watched run", plans.size(), 2, [&](Stream& stream, std::size_t i) {
    runs[i] = watch_run(stream, plans[i], made_tasks());
  });
  const TrainingScore score = score_training(runs, Half::kScore);
  ASSERT_GE(score.runs, 60);
  EXPECT_GE(score.recall(), 0.85);
  EXPECT_GE(score.precision(), 0.95);
  EXPECT_EQ(score.false_criticals, 0);
  EXPECT_EQ(training_row(runs.back()).at("kind"), fault_name(runs.back().plan));
}

TEST(TrainingStudy, ARunIsTheSameEachTime) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const RunPlan plan =
      plan_of(watched_network("gaussian-gelu"), &training_fault("noise of 30 gradients"), kSeed);
  EXPECT_EQ(training_row(watch_run(stream, plan, made_tasks())).dump(),
            training_row(watch_run(stream, plan, made_tasks())).dump());
}

}  // namespace
}  // namespace gradvitals::study
