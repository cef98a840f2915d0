// Contract: what HealthMonitor watches may change in number, place and layers between observations,
// and a change that is refused leaves all as it was.
// Oracle: values made by hand.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "monitor/health_monitor.h"
#include "tests/monitor/health_monitor_fixture.h"

namespace gradvitals::test {
namespace {

class ChangedHealthMonitor : public HealthMonitorTest {
 protected:
  /// Of four units of a relu, two are 0 for all 64 samples.
  WatchedTensor half_dead_output(Stream& where) {
    std::vector<float> outputs(std::size_t{64} * 4, 0.0F);
    for (std::size_t i = 0; i < outputs.size(); i += 4) outputs[i] = outputs[i + 1] = 1.0F;
    WatchedTensor output(where, "a", Role::kOutput, outputs, 64);
    output.view().layer = 0;
    output.view().activation = Activation::kRelu;
    return output;
  }
};

TEST_P(ChangedHealthMonitor, KeepsTheLayersOfACheckupForLaterOnes) {
  const WatchedTensor output = half_dead_output(stream());
  kernel->view().layer = bias->view().layer = 0;
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe(std::vector{output.view()});
  watched.commit({});
  for (int step = 0; step < 3; ++step) {
    watched.observe();
    watched.commit({});
  }
  const NetworkReport report = watched.report();
  ASSERT_EQ(report.metrics.units.size(), 1U);
  EXPECT_EQ(report.metrics.units.front().dead_unit_count, 2);
  EXPECT_EQ(report.metrics.step, 3);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_EQ(report.notes.front(), "layers and units are those of step 0");
  // Other tensors are watched: they are of layers that nothing is known of.
  watched.watch(std::vector{kernel->view()});
  watched.observe();
  watched.commit({});
  EXPECT_TRUE(watched.report().metrics.units.empty());
}

TEST_P(ChangedHealthMonitor, KeepsWhatItWatchesWhereOthersCannotBeWatched) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  TensorView bad = bias->view();
  bad.rows = 3;
  EXPECT_THROW(watched.watch(std::vector{bad}), std::invalid_argument);
  TensorView loss = bias->view();
  loss.role = Role::kLoss;
  EXPECT_THROW(watched.watch(std::vector{loss}), std::invalid_argument);
  EXPECT_THROW(watched.set_data(std::vector<const void*>{nullptr}), std::invalid_argument);
  EXPECT_EQ(watched.size(), 2);
  watched.observe();
  watched.commit({});
  EXPECT_EQ(watched.report().metrics.tensors.size(), 2U);
}

TEST_P(ChangedHealthMonitor, MissesAGradientThatDoesNotExistNow) {
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.set_data(std::vector<const void*>{kernel->view().data, nullptr});
  watched.observe();
  std::vector<TensorStats> stats(3);
  watched.copy_stats(stats);
  EXPECT_EQ(stats[1].count, 0);
  EXPECT_FALSE(watched.report().metrics.tensors[1].exists);
}

TEST_P(ChangedHealthMonitor, RefusesLayersOnADeviceWhereNothingIsWatched) {
  if (GetParam() == DeviceType::kCpu) GTEST_SKIP() << "one device";
  Stream cpu({.device = DeviceType::kCpu, .threads = 1});
  WatchedTensor output(cpu, "a", Role::kOutput, values_of(8, 1.0F), 2);
  HealthMonitor watched = monitor();
  watched.watch(views());
  EXPECT_THROW(watched.observe(std::vector{output.view()}), std::invalid_argument);
}

TEST_P(ChangedHealthMonitor, HasNoStatisticsOfTensorsThatWereNotObserved) {
  HealthMonitor watched = monitor();
  watched.watch(std::vector{kernel->view()});
  watched.observe();
  watched.watch(views());
  std::vector<TensorStats> stats(3);
  EXPECT_THROW(watched.copy_stats(stats), std::logic_error);
  EXPECT_THROW(watched.should_skip(), std::logic_error);
  EXPECT_THROW(watched.report(), std::logic_error);
  watched.commit({});  // What was observed is a step all the same.
  EXPECT_EQ(watched.report().metrics.tensors.size(), 1U);
  watched.observe();
  watched.copy_stats(stats);
  EXPECT_EQ(stats[2].count, 36);
}

TEST_P(ChangedHealthMonitor, ForgetsTheLayersOfAStepThatIsCommittedAfterTheTensorsChanged) {
  const WatchedTensor output = half_dead_output(stream());
  kernel->view().layer = bias->view().layer = 0;
  HealthMonitor watched = monitor();
  watched.watch(std::vector{kernel->view()});
  watched.observe(std::vector{output.view()});
  watched.watch(views());
  watched.commit({});
  for (int step = 0; step < 3; ++step) {
    watched.observe();
    watched.commit({});
  }
  const NetworkReport report = watched.report();
  EXPECT_TRUE(report.metrics.units.empty());
  ASSERT_EQ(report.metrics.tensors.size(), 2U);
  EXPECT_EQ(report.metrics.tensors[1].stats.count, 4);
  EXPECT_TRUE(report.notes.empty());
}

TEST_P(ChangedHealthMonitor, GoesOnAfterLayersThatCannotBeRead) {
  WatchedTensor output = half_dead_output(stream());
  HealthMonitor watched = monitor();
  watched.watch(views());
  watched.observe();
  output.view().rows = 63;
  EXPECT_THROW(watched.observe(std::vector{output.view()}), std::invalid_argument);
  watched.commit({});  // What was observed before still is.
  watched.set_data(std::vector<const void*>{kernel->view().data, nullptr});
  watched.observe();
  std::vector<TensorStats> stats(3);
  watched.copy_stats(stats);
  EXPECT_EQ(stats[0].count, 32);
  EXPECT_EQ(stats[1].count, 0);
}

TEST_P(ChangedHealthMonitor, RefusesALayerOfAnotherRole) {
  HealthMonitor watched = monitor();
  watched.watch(std::vector{kernel->view()});
  EXPECT_THROW(watched.observe(std::vector{bias->view()}), std::invalid_argument);
  bias->view().role = Role::kWeight;
  EXPECT_THROW(watched.observe(std::vector{bias->view()}), std::invalid_argument);
}

TEST_P(ChangedHealthMonitor, GoesOnAfterLayersOfOneDeviceThatCannotBeRead) {
  if (GetParam() == DeviceType::kCpu) GTEST_SKIP() << "one device";
  Stream cpu({.device = DeviceType::kCpu, .threads = 1});
  WatchedTensor near(cpu, "b.bias", Role::kGradient, values_of(3, 0.1F));
  WatchedTensor output = half_dead_output(stream());
  output.view().rows = 63;
  HealthMonitor watched = monitor();
  // The cpu comes first: its layers have been read when those of the other device are refused.
  watched.watch(std::vector{near.view(), kernel->view()});
  EXPECT_THROW(watched.observe(std::vector{output.view()}), std::invalid_argument);
  const WatchedTensor moved(cpu, "b.bias", Role::kGradient, {1.0F, 2.0F, kNan});
  watched.set_data(std::vector<const void*>{moved.view().data, kernel->view().data});
  watched.observe();
  std::vector<TensorStats> stats(3);
  watched.copy_stats(stats);
  EXPECT_EQ(stats[0].nan_count, 1);
  EXPECT_EQ(stats[1].count, 32);
}

TEST_P(ChangedHealthMonitor, MovesNoTensorWhereOneCannotBeMoved) {
  Stream cpu({.device = DeviceType::kCpu, .threads = 1});
  const WatchedTensor first(cpu, "b.bias", Role::kGradient, {1.0F, 2.0F});
  const WatchedTensor elsewhere(cpu, "b.bias", Role::kGradient, {1.0F, kNan});
  HealthMonitor watched = monitor();
  watched.watch(std::vector{first.view(), kernel->view()});
  const void* const odd = static_cast<const char*>(kernel->view().data) + 1;
  EXPECT_THROW(watched.set_data(std::vector<const void*>{elsewhere.view().data, odd}),
               std::invalid_argument);
  watched.observe();
  std::vector<TensorStats> stats(3);
  watched.copy_stats(stats);
  EXPECT_EQ(stats[0].nan_count, 0);
  EXPECT_EQ(stats[1].count, 32);
}

INSTANTIATE_TEST_SUITE_P(Devices, ChangedHealthMonitor, test::all_devices(), test::device_name);

}  // namespace
}  // namespace gradvitals::test
