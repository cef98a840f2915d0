// Contract: LiveRun gives the screen what is wrong now, the gradients that are worst first, and does not
// grow with the run. Oracle: steps made by hand.
#include "monitor/report/live/live_run.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "monitor/trajectory/episodes.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

/// Four ordinary gradients, and what a test adds.
std::vector<TensorRecord> ordinary_gradients() {
  return {gradient("a", {0.9}), gradient("b", {1.0}), gradient("c", {1.1}), gradient("d", {1.2})};
}

class LiveRunTest : public testing::Test {
 protected:
  void add(std::int64_t step, std::vector<TensorRecord> records, std::optional<double> loss = 1.0) {
    HealthMetrics metrics = metrics_of(std::move(records));
    metrics.step = step;
    metrics.loss = loss;
    const StepContext context{.learning_rate = 0.01};
    const auto events = tracker_.add(metrics, context);
    series_.add(metrics, context, tracker_.vital_signs());
    run_.add(metrics, context, tracker_, events);
  }
  LiveState state() const { return run_.state(tracker_, series_, kLimits); }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const LiveTensor& tensor : state().tensors) all.push_back(tensor.name);
    return all;
  }

  HealthTracker tracker_{kLimits};
  RunSeries series_;
  LiveRun run_;
};

TEST_F(LiveRunTest, TheWorstGradientsComeFirst) {
  std::vector<TensorRecord> records = ordinary_gradients();
  records.push_back(gradient("far", {1e-3}));
  records.push_back(gradient("zero", {0.0}));
  records.push_back(missing_gradient("missing"));
  records.push_back(gradient("nan", {1.0, kNaN}));
  add(0, records);
  const std::vector<std::string> expected = {"nan", "missing", "zero", "far"};
  const std::vector<std::string> all = names();
  ASSERT_EQ(all.size(), 8U);
  EXPECT_EQ(std::vector<std::string>(all.begin(), all.begin() + 4), expected);
  const std::vector<LiveTensor> tensors = state().tensors;
  EXPECT_EQ(tensors[0].nonfinite, 1);
  EXPECT_TRUE(std::isnan(tensors[0].norm.last.value_or(0.0)));
  EXPECT_FALSE(tensors[1].exists);
  EXPECT_EQ(state().gradients, 8);
}

TEST_F(LiveRunTest, SaysWhatAGradientIsBesideItsWeight) {
  std::vector<TensorRecord> records = {
      gradient("w", {3.0, 4.0}), tensor("w", Role::kWeight, -1, {6.0, 8.0}), gradient("v", {1.0})};
  add(0, records);
  for (const LiveTensor& tensor : state().tensors) {
    EXPECT_EQ(tensor.to_weight, tensor.name == "w" ? std::optional(0.5) : std::nullopt);
  }
}

TEST_F(LiveRunTest, TheCourseHoldsWhatWasNotFinite) {
  for (std::int64_t step = 0; step < 40; ++step) {
    std::vector<TensorRecord> records = ordinary_gradients();
    if (step == 20) records[1] = gradient("b", {kInf});
    add(step, std::move(records), step == 30 ? kNaN : 1.0);
  }
  const LiveState now = state();
  const auto gaps_in = [](const std::vector<double>& course) {
    return std::ranges::count_if(course, [](double value) { return std::isnan(value); });
  };
  EXPECT_EQ(gaps_in(now.loss.course), 1);
  EXPECT_EQ(gaps_in(now.norm.course), 1);
  for (const LiveTensor& tensor : now.tensors) {
    EXPECT_EQ(gaps_in(tensor.norm.course), tensor.name == "b" ? 1 : 0) << tensor.name;
  }
}

TEST_F(LiveRunTest, ALongRunIsNoLargerThanAShortOne) {
  for (std::int64_t step = 0; step < 5000; ++step) {
    std::vector<TensorRecord> records = ordinary_gradients();
    // Begins and ends again and again.
    if (step % 40 < 10) records[0] = gradient("a", {kNaN});
    add(step, std::move(records));
    run_.add_message("message " + std::to_string(step));
  }
  const LiveState now = state();
  EXPECT_LE(now.events.size(), 100U);
  EXPECT_GT(now.events.size(), 50U);
  EXPECT_GT(now.events.back().step, 4900);
  EXPECT_EQ(now.messages,
            (std::vector<std::string>{"message 4997", "message 4998", "message 4999"}));
  EXPECT_LE(now.loss.course.size(), 512U);
  EXPECT_EQ(now.judged_steps, 5000);
  ASSERT_TRUE(now.worst);
  EXPECT_EQ(now.worst->finding.verdict, Verdict::kNonFinite);
}

TEST_F(LiveRunTest, AGradientThatAnOpenWarningNamesIsMarked) {
  for (std::int64_t step = 0; step < 3; ++step) {
    std::vector<TensorRecord> records = ordinary_gradients();
    records[2] = gradient("c", {kNaN});
    add(step, std::move(records));
  }
  const LiveState now = state();
  ASSERT_FALSE(now.open.empty());
  EXPECT_EQ(now.open.front().finding.tensor, "c");
  for (const LiveTensor& tensor : now.tensors) EXPECT_EQ(tensor.is_named, tensor.name == "c");
}

CheckedFinding critical_finding(RuleId rule, Verdict verdict) {
  CheckedFinding checked{.finding = {}, .is_immediate = true};
  checked.finding.rule = rule;
  checked.finding.verdict = verdict;
  checked.finding.severity = kCritical;
  return checked;
}

TEST(LiveRoots, TheVerdictIsThatOfTheFirstCauseOnceWhatBroughtAllAboutIsOver) {
  const CheckedFinding factor = critical_finding(RuleId::kBackwardFactor, Verdict::kExploding);
  const CheckedFinding growth = critical_finding(RuleId::kLossGrowth, Verdict::kExploding);
  const CheckedFinding dead = critical_finding(RuleId::kDeadUnits, Verdict::kDead);
  const CheckedFinding zero = critical_finding(RuleId::kZeroGradient, Verdict::kVanishing);
  const Thresholds thresholds;
  Episodes episodes(thresholds);
  std::vector<HealthEvent> events;
  episodes.add(CheckKind::kCheckup, 1, {factor}, events);
  episodes.add(CheckKind::kStep, 1, {growth}, events);
  for (std::int64_t step = 10; step <= 60; step += 10) {
    episodes.add(CheckKind::kCheckup, step, {dead, zero}, events);
    episodes.add(CheckKind::kStep, step, {growth}, events);
  }
  LiveState state;
  for (const Episode& episode : episodes.all()) {
    if (episode.is_open) state.open.push_back(episode);
  }
  ASSERT_EQ(state.open.size(), 3U);
  for (const Episode& episode : state.open) ASSERT_TRUE(episode.finding.consequence_of);
  ASSERT_NE(episodes.deciding(), nullptr);
  state.verdict = episodes.deciding()->finding.verdict;
  EXPECT_NE(state.verdict, Verdict::kVanishing);
  EXPECT_EQ(root_causes(state).front()->finding.verdict, state.verdict);
}

TEST_F(LiveRunTest, StepsWithoutAGradientAreNotJudged) {
  for (std::int64_t step = 0; step < 5; ++step) add(step, {});
  EXPECT_EQ(state().judged_steps, 0);
  add(5, ordinary_gradients());
  EXPECT_EQ(state().judged_steps, 6);
}

}  // namespace
}  // namespace gradvitals::test
