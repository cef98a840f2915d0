// Contract: HealthMonitor judges the steps of a foreign trainer as the tracker does, whatever
// device its tensors lie on, and forgets what was not committed.
// Oracle: values made by hand, HealthTracker on the same steps, and the history read back.
#include "monitor/health_monitor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "kernels/runtime/error.h"
#include "monitor/history/history_reader.h"
#include "monitor/trajectory/health_tracker.h"
#include "tests/monitor/health_monitor_fixture.h"
#include "tests/support/temporary_folder.h"

namespace gradvitals::test {
namespace {

TEST_P(HealthMonitorTest, GivesStatisticsOfEachTensorAndOfAllGradients) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  std::vector<TensorStats> stats(3);
  watched.copy_stats(stats);
  EXPECT_EQ(stats[0].count, 32);
  EXPECT_EQ(stats[1].count, 4);
  EXPECT_EQ(stats[2].count, 36);
  double squares = 0.0;
  for (const float value : values_of(4, 0.2F)) squares += double{value} * double{value};
  EXPECT_NEAR(stats[1].sum_squares, squares, 1e-12 * squares);
  EXPECT_NEAR(stats[2].sum_squares, stats[0].sum_squares + squares, 1e-12);
}

TEST_P(HealthMonitorTest, CountsStepsThatWereCommittedAlone) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  watched.observe();
  watched.commit({});
  watched.observe();
  watched.poll(/*waits=*/true);
  EXPECT_EQ(watched.steps(), 1);
}

TEST_P(HealthMonitorTest, RefusesACommitOfNothing) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  EXPECT_THROW(watched.commit({}), std::logic_error);
  watched.observe();
  watched.commit({});
  EXPECT_THROW(watched.commit({}), std::logic_error);
}

TEST_P(HealthMonitorTest, RefusesAStepThatDoesNotComeAfterTheOneBefore) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  watched.commit({.step = 7});
  watched.observe();
  EXPECT_THROW(watched.commit({.step = 7}), std::invalid_argument);
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  EXPECT_THROW(watched.commit({.step = kLast}), std::invalid_argument);  // None comes after it.
  watched.commit({});  // What was observed still is.
  watched.poll(/*waits=*/true);
  EXPECT_EQ(watched.trajectory().last_step, 8);
}

TEST_P(HealthMonitorTest, RefusesScalesThatAreNone) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  for (const double scale : {0.0, -1.0, std::numeric_limits<double>::infinity(), double{kNan}}) {
    EXPECT_THROW(watched.commit({.loss_scale = scale}), std::invalid_argument);
    EXPECT_THROW(watched.commit({.clip_scale = scale}), std::invalid_argument);
    EXPECT_THROW(watched.should_skip(scale), std::invalid_argument);
  }
}

TEST_P(HealthMonitorTest, SaysThatNothingWasObserved) {
  HealthMonitor watched = monitor();
  EXPECT_THROW(watched.observe(), std::logic_error);
  EXPECT_THROW(watched.report(), std::logic_error);
  watched.watch(views());
  EXPECT_THROW(watched.report(), std::logic_error);
  EXPECT_THROW(watched.should_skip(), std::logic_error);
}

TEST_P(HealthMonitorTest, JudgesWhatWasObservedBeforeTheFirstStep) {
  WatchedTensor ill(stream(), "b.bias", Role::kGradient, {1.0F, kNan, 2.0F, 3.0F});
  HealthMonitor watched = monitor();
  watched.watch(std::vector{kernel->view(), ill.view()});
  watched.observe();
  const NetworkReport report = watched.report();
  EXPECT_EQ(report.diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(report.diagnosis.findings.front().tensor, "b.bias");
  EXPECT_EQ(watched.steps(), 0);
}

TEST_P(HealthMonitorTest, SkipsStepsWithNanOrInf) {
  WatchedTensor ill(stream(), "a.bias", Role::kGradient, {1.0F, kNan, 2.0F, 3.0F});
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  EXPECT_FALSE(watched.should_skip());
  watched.commit({});
  watched.set_data(std::vector<const void*>{kernel->view().data, ill.view().data});
  watched.observe();
  EXPECT_TRUE(watched.should_skip());
}

TEST_P(HealthMonitorTest, SkipsASpikeBesideTheStepsBefore) {
  WatchedTensor spike(stream(), "a.weight", Role::kGradient, values_of(32, 1e3F), 4);
  HealthMonitor watched = monitor();
  watched.watch(views());
  for (int step = 0; step < 80; ++step) {
    watched.observe();
    EXPECT_FALSE(watched.should_skip());
    watched.commit({.loss = 1.0});
  }
  watched.set_data(std::vector<const void*>{spike.view().data, bias->view().data});
  watched.observe();
  EXPECT_TRUE(watched.should_skip());
  EXPECT_FALSE(watched.should_skip(/*loss_scale=*/1e4));
}

TEST_P(HealthMonitorTest, KeepsStatisticsScaledAndJudgesThemUnscaled) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  std::vector<TensorStats> before(3);
  watched.copy_stats(before);
  watched.commit({.loss_scale = 1024.0});
  std::vector<TensorStats> after(3);
  watched.copy_stats(after);
  EXPECT_EQ(before, after);
  const NetworkReport report = watched.report();
  EXPECT_EQ(report.metrics.loss_scale, 1024.0);
  EXPECT_NEAR(report.metrics.gradient_norms[0], before[0].l2_norm() / 1024.0, 1e-15);
}

TEST_P(HealthMonitorTest, TellsHowTheLastAppliedStepWas) {
  WatchedTensor ill(stream(), "a.bias", Role::kGradient, {1.0F, kNan, 2.0F, 3.0F});
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  watched.commit({});
  watched.set_data(std::vector<const void*>{kernel->view().data, ill.view().data});
  watched.observe();
  watched.commit({.is_skipped = true});
  const NetworkReport report = watched.report();
  EXPECT_EQ(report.metrics.step, 0);
  // That the step before was not finite lasts.
  EXPECT_EQ(report.diagnosis.findings.front().rule, RuleId::kNonFinite);
}

TEST_P(HealthMonitorTest, StaysIllWhereInfWasAppliedBeforeALossScalerSkips) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  WatchedTensor ill(stream(), "a.bias", Role::kGradient, {1.0F, kInfinity, 2.0F, 3.0F});
  HealthMonitor watched = monitor();
  watched.watch(std::vector{kernel->view(), ill.view()});
  watched.observe();
  watched.commit({.loss_scale = 2.0});
  watched.observe();
  watched.commit({.loss_scale = 2.0, .is_skipped = true});
  const NetworkReport report = watched.report();
  EXPECT_EQ(report.metrics.step, 0);
  EXPECT_EQ(report.diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(report.diagnosis.severity, Severity::kCritical);
}

TEST_P(HealthMonitorTest, WritesWhatWasCommittedBeforeItEnds) {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.jsonl");
  {
    HealthMonitor watched = monitor({.history = path});
    watched.watch(views());
    for (int step = 0; step < 5; ++step) {
      watched.observe();
      watched.commit({});
    }
  }
  const std::string text = read_file(path);
  HistoryReader reader(text, path);
  int steps = 0;
  while (const auto record = reader.next()) steps += std::holds_alternative<HistoryStep>(*record);
  EXPECT_EQ(steps, 5);
}

TEST_P(HealthMonitorTest, WritesAHistoryThatReadsBackAsTheSameSteps) {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.jsonl");
  HealthMonitor watched = monitor({.run = "mine", .history = path});
  watched.watch(views());
  for (int step = 0; step < 12; ++step) {
    watched.observe();
    watched.commit({.step = step, .loss = 2.0 - 0.1 * step, .learning_rate = 0.5});
  }
  watched.poll(/*waits=*/true);
  const std::string text = read_file(path);
  HistoryReader reader(text, path);
  HealthTracker tracker;
  int steps = 0;
  while (const auto record = reader.next()) {
    const auto* const row = std::get_if<HistoryStep>(&*record);
    if (row == nullptr) continue;
    EXPECT_EQ(row->metrics.step, steps);
    EXPECT_EQ(row->context.learning_rate, 0.5);
    EXPECT_EQ(row->context.is_checkup, steps < 3 || steps == 10);
    tracker.add(row->metrics, row->context);
    ++steps;
  }
  EXPECT_EQ(steps, 12);
  EXPECT_EQ(tracker.verdict(), watched.trajectory().verdict);
  EXPECT_EQ(tracker.episodes().size(), watched.trajectory().episodes.size());
}

TEST_P(HealthMonitorTest, TakesEachEventOnce) {
  WatchedTensor ill(stream(), "a.bias", Role::kGradient, {1.0F, kNan, 2.0F, 3.0F});
  HealthMonitor watched = monitor();
  watched.watch(std::vector{kernel->view(), ill.view()});
  watched.observe();
  watched.commit({});
  watched.poll(/*waits=*/true);
  const std::vector<HealthEvent> events = watched.take_events();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front().kind, HealthEventKind::kBegan);
  EXPECT_EQ(events.front().episode.finding.rule, RuleId::kNonFinite);
  EXPECT_TRUE(watched.take_events().empty());
}

TEST_P(HealthMonitorTest, WatchesTensorsOnSeveralDevicesAsOneNetwork) {
  if (GetParam() == DeviceType::kCpu) GTEST_SKIP() << "one device";
  Stream cpu({.device = DeviceType::kCpu, .threads = 1});
  WatchedTensor first(cpu, "first.weight", Role::kGradient, values_of(12, 0.3F), 3);
  WatchedTensor last(cpu, "last.bias", Role::kGradient, {1.0F, kNan});
  HealthMonitor watched = monitor();
  watched.watch(std::vector{first.view(), kernel->view(), last.view(), bias->view()});
  watched.observe();
  std::vector<TensorStats> stats(5);
  watched.copy_stats(stats);
  EXPECT_EQ(stats[0].count, 12);
  EXPECT_EQ(stats[1].count, 32);
  EXPECT_EQ(stats[2].nan_count, 1);
  EXPECT_EQ(stats[3].count, 4);
  EXPECT_EQ(stats[4].count, 50);
  EXPECT_EQ(stats[4].first_nonfinite_index, 12 + 32 + 1);
  watched.commit({});
  const NetworkReport report = watched.report();
  EXPECT_EQ(report.metrics.total_layers, 4);
  EXPECT_EQ(report.metrics.tensors[1].name, "a.weight");
  EXPECT_EQ(report.metrics.tensors[2].name, "last.bias");
  EXPECT_EQ(report.diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(report.device, "cpu and " + name(Device(GetParam())));
}

TEST(HealthMonitor, RefusesOptionsOutOfRange) {
  EXPECT_THROW(HealthMonitor({.checkup_every = 0}), std::invalid_argument);
  EXPECT_THROW(HealthMonitor({.threads = -1}), std::invalid_argument);
  EXPECT_THROW(HealthMonitor({.resume_step = -1}), std::invalid_argument);
  EXPECT_THROW(HealthMonitor({.history = "/"}), std::runtime_error);
}

TEST(HealthMonitor, LeavesTheHistoryOfAnotherRunAlone) {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.jsonl");
  { const HealthMonitor first({.run = "first", .history = path}); }
  const std::string before = read_file(path);
  EXPECT_THROW(HealthMonitor({.run = "second", .history = path}), InputError);
  EXPECT_EQ(read_file(path), before);
}

INSTANTIATE_TEST_SUITE_P(Devices, HealthMonitorTest, test::all_devices(), test::device_name);

}  // namespace
}  // namespace gradvitals::test
