// Contract: GradientMonitor turns views into records, the notebook's metrics and layers' units.
// Oracle: statistics by their definition (health_fixtures.h) and counts made by hand.
// Tolerance: that of tensor_stats.
#include "monitor/gradient_monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "monitor/rules/diagnosis.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

class GradientMonitorTest : public test::DeviceTest {
 protected:
  /// A float32 view whose memory lives as long as the test.
  TensorView view(std::string_view name, Role role, int layer, std::int64_t rows, std::int64_t cols,
                  const std::vector<float>& values, Activation activation = Activation::kNone) {
    memory_.push_back(std::make_unique<GuardedBuffer<float>>(stream(), values));
    TensorView result;
    result.name = name;
    result.role = role;
    result.layer = layer;
    result.data = memory_.back()->data();
    result.count = rows * cols;
    result.rows = rows;
    result.cols = cols;
    result.device = GetParam();
    result.activation = activation;
    return result;
  }

  TensorView gradient(std::string_view name, const std::vector<float>& values, int layer = 0) {
    return view(name, Role::kGradient, layer, 1, std::ssize(values), values);
  }

  TensorView missing(std::string_view name) {
    TensorView result = gradient(name, {1.0F, 2.0F});
    result.data = nullptr;
    return result;
  }

  GuardedBuffer<float>& memory(std::size_t index) { return *memory_[index]; }

  std::string message_of(const TensorView& bad) {
    try {
      GradientMonitor(stream()).inspect(std::vector{bad});
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no exception";
  }

 private:
  std::vector<std::unique_ptr<GuardedBuffer<float>>> memory_;
};

INSTANTIATE_TEST_SUITE_P(Devices, GradientMonitorTest, test::all_devices(), test::device_name);

TEST_P(GradientMonitorTest, ALossIsANumberAndNoTensor) {
  const auto loss_of = [&](float value) {
    const std::vector<TensorView> views{gradient("g", {3, 4}),
                                        view("loss", Role::kLoss, -1, 1, 1, {value})};
    const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
    EXPECT_EQ(metrics.tensors.size(), 1u);
    EXPECT_EQ(metrics.total_layers, 1);
    return metrics.loss;
  };
  EXPECT_EQ(loss_of(0.25F), 0.25);
  EXPECT_EQ(loss_of(-1e-40F), static_cast<double>(-1e-40F));
  EXPECT_EQ(loss_of(0.0F), 0.0);
  EXPECT_TRUE(std::isnan(loss_of(std::numeric_limits<float>::quiet_NaN()).value()));
  EXPECT_TRUE(std::isinf(loss_of(std::numeric_limits<float>::infinity()).value()));
  const TensorView pair = view("loss", Role::kLoss, -1, 1, 2, {1, 2});
  EXPECT_THROW(GradientMonitor(stream()).inspect(std::vector{pair}), std::invalid_argument);
}

TEST_P(GradientMonitorTest, ALossWithoutDataIsNoLossRatherThanZero) {
  TensorView loss = view("loss", Role::kLoss, -1, 1, 1, {0.25F});
  loss.data = nullptr;
  const std::vector<TensorView> views{gradient("g", {3, 4}), loss};
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_FALSE(metrics.loss.has_value());
  EXPECT_EQ(metrics.tensors.size(), 1u);
}

TEST_P(GradientMonitorTest, GivesEveryStepSubmittedInItsOrder) {
  GradientMonitor monitor(stream());
  EXPECT_THROW(monitor.observe(), std::logic_error);
  EXPECT_THROW(monitor.submit(0), std::logic_error);
  EXPECT_THROW(monitor.set_data({}), std::logic_error);
  EXPECT_THROW(monitor.global_stats(), std::logic_error);
  EXPECT_FALSE(monitor.poll().has_value());
  const std::vector<std::vector<TensorView>> steps{{gradient("a", {3, 4})},
                                                   {gradient("b", {5, 12})},
                                                   {gradient("c", {8, 15}), gradient("d", {1})}};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    monitor.observe(steps[i]);
    monitor.submit(static_cast<std::int64_t>(10 * i));
  }
  const std::vector<std::vector<double>> norms{{5}, {13}, {17, 1}};
  for (std::size_t i = 0; i < norms.size(); ++i) {
    SCOPED_TRACE(i);
    const std::optional<HealthMetrics> metrics = monitor.flush();
    ASSERT_TRUE(metrics.has_value());
    EXPECT_EQ(metrics->step, 10 * i);
    expect_close(metrics->gradient_norms, norms[i], kSumSquares);
    EXPECT_EQ(metrics->tensors.back().name, steps[i].back().name);
  }
  EXPECT_FALSE(monitor.flush().has_value());
  EXPECT_FALSE(monitor.poll().has_value());
  EXPECT_EQ(monitor.lost(), 0);
}

TEST_P(GradientMonitorTest, PollGivesAStepThatHasArrivedOnce) {
  GradientMonitor monitor(stream());
  const std::vector views{gradient("a", {3, 4})};
  monitor.observe(views);
  monitor.submit(7);
  stream().synchronize();
  const std::optional<HealthMetrics> metrics = monitor.poll();
  ASSERT_TRUE(metrics.has_value());
  EXPECT_EQ(metrics->step, 7);
  EXPECT_FALSE(monitor.poll().has_value());
}

TEST_P(GradientMonitorTest, HoldsWhatTheOptimizerChangedBehindTheOtherRecords) {
  GradientMonitor monitor(stream());
  monitor.observe(std::vector{gradient("a", {3, 4}), gradient("b", {5, 12})});
  GuardedBuffer<double> squares(stream(), std::vector{0.25, 0.0});
  monitor.submit(3, squares.vector());
  monitor.submit(4);
  const HealthMetrics metrics = monitor.flush().value();
  ASSERT_EQ(metrics.tensors.size(), 4u);
  for (const std::size_t i : {0, 1}) {
    const TensorRecord& update = metrics.tensors[2 + i];
    EXPECT_EQ(update.role, Role::kUpdateSquares);
    EXPECT_EQ(update.name, metrics.tensors[i].name);
    EXPECT_EQ(update.stats.sum, i == 0 ? 0.25 : 0.0);
    EXPECT_EQ(update.stats.count, 1);
    EXPECT_EQ(update.stats.zero_count, i == 0 ? 0 : 1);
  }
  EXPECT_EQ(metrics.gradient_norms.size(), 2u);
  EXPECT_EQ(monitor.flush().value().tensors.size(), 2u) << "not known of the other step";
}

TEST_P(GradientMonitorTest, RefusesUpdatesOfAnotherNumberThanItsGradients) {
  GradientMonitor monitor(stream());
  monitor.observe(std::vector{gradient("a", {3, 4})});
  GuardedBuffer<double> squares(stream(), std::vector{0.25, 0.0});
  expect_invalid([&] { monitor.submit(0, squares.vector()); }, {"2 updates", "1 watched"});
}

TEST_P(GradientMonitorTest, ForgetsTheEarliestOfTooManyAndCountsThem) {
  GradientMonitor monitor(stream());
  const std::vector views{gradient("a", {3, 4})};
  monitor.observe(views);
  const auto most = static_cast<std::int64_t>(GradientMonitor::kMostPending);
  for (std::int64_t step = 0; step < most + 3; ++step) monitor.submit(step);
  EXPECT_EQ(monitor.lost(), 3);
  EXPECT_EQ(monitor.flush()->step, 3);
  std::int64_t got = 1;
  while (monitor.flush()) ++got;
  EXPECT_EQ(got, most);
}

TEST_P(GradientMonitorTest, FollowsTensorsToOtherMemory) {
  GradientMonitor monitor(stream());
  const TensorView a = gradient("a", {3, 4});
  const TensorView b = gradient("b", {5, 12});
  const TensorView other_a = gradient("a", {6, 8});
  monitor.watch(std::vector{a, b});
  const auto norms_at = [&](const void* data_of_a, const void* data_of_b) {
    monitor.set_data(std::vector{data_of_a, data_of_b});
    monitor.observe();
    monitor.submit(0);
    const HealthMetrics metrics = monitor.flush().value();
    EXPECT_EQ(metrics.tensors[0].exists, data_of_a != nullptr);
    EXPECT_EQ(metrics.tensors[1].exists, data_of_b != nullptr);
    return metrics.gradient_norms;
  };
  const auto expect_norms = [](const std::vector<double>& got, const std::vector<double>& wanted) {
    expect_close(got, wanted, kSumSquares);
  };
  expect_norms(norms_at(a.data, b.data), {5, 13});
  expect_norms(norms_at(other_a.data, b.data), {10, 13});
  expect_norms(norms_at(b.data, a.data), {13, 5});
  expect_norms(norms_at(nullptr, b.data), {13});
  expect_norms(norms_at(a.data, nullptr), {5});
  expect_norms(norms_at(nullptr, nullptr), {});
  expect_norms(norms_at(a.data, b.data), {5, 13});
}

TEST_P(GradientMonitorTest, ATensorThatIsNotThereAtFirstIsWatchedWhenItComes) {
  GradientMonitor monitor(stream());
  const TensorView a = gradient("a", {3, 4});
  const TensorView b = missing("b");
  const TensorView b_later = gradient("b", {5, 12});
  expect_close(monitor.inspect(std::vector{a, b}).gradient_norms, std::vector{5.0}, kSumSquares);
  const HealthMetrics metrics = monitor.inspect(std::vector{a, b_later});
  expect_close(metrics.gradient_norms, std::vector{5.0, 13.0}, kSumSquares);
  EXPECT_TRUE(metrics.tensors[1].exists);
}

TEST_P(GradientMonitorTest, RefusesPointersThatDoNotFitAndKeepsWatching) {
  GradientMonitor monitor(stream());
  const TensorView a = gradient("a", {3, 4});
  monitor.watch(std::vector{a});
  test::expect_invalid([&] { monitor.set_data(std::vector<const void*>(2, a.data)); },
                       {"2 pointers for a plan of 1 tensors"});
  const void* const askew = static_cast<const char*>(a.data) + 2;
  test::expect_invalid([&] { monitor.set_data(std::vector{askew}); },
                       {"pointer 0", "multiple of its 4 bytes", "F32"});
  monitor.observe();
  monitor.submit(0);
  expect_close(monitor.flush()->gradient_norms, std::vector{5.0}, kSumSquares);
}

TEST_P(GradientMonitorTest, KeepsTheRecordOfAllGradientsOnTheDevice) {
  GradientMonitor monitor(stream());
  monitor.observe(std::vector{gradient("a", {3, 4}), view("w", Role::kWeight, 0, 1, 1, {100}),
                              gradient("b", {12, static_cast<float>(kNaN)})});
  TensorStats all;
  copy_to_host(stream(), monitor.global_stats(), sizeof(all), &all);
  EXPECT_EQ(all.count, 4);
  EXPECT_EQ(all.nan_count, 1);
  expect_close(all.l2_norm(), 13.0, kSumSquares);
}

TEST_P(GradientMonitorTest, RecordsEveryViewInItsOrder) {
  const std::vector<TensorView> views{
      view("dense/delta", Role::kDelta, 0, 2, 2, {1, 2, 3, 4}, Activation::kRelu),
      gradient("dense/kernel", {3.0F, 4.0F}),
      view("dense/kernel", Role::kWeight, 0, 2, 1, {5, 12}),
      gradient("dense/bias", {0.0F, 0.0F, 2.0F}),
  };
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_EQ(metrics.loss, std::nullopt);
  ASSERT_EQ(metrics.tensors.size(), 4u);
  const TensorRecord& delta = metrics.tensors[0];
  EXPECT_EQ(delta.name, "dense/delta");
  EXPECT_EQ(delta.role, Role::kDelta);
  EXPECT_EQ(delta.layer, 0);
  EXPECT_EQ(delta.dtype, DType::kFloat32);
  EXPECT_EQ(delta.activation, Activation::kRelu);
  EXPECT_EQ(delta.rows, 2);
  EXPECT_EQ(delta.cols, 2);
  EXPECT_TRUE(delta.exists);
  expect_close(delta.stats.sum_squares, 30.0, kSumSquares);
  expect_close(metrics.tensors[2].stats.l2_norm(), 13.0, kSumSquares);
  EXPECT_EQ(metrics.tensors[3].stats.zero_count, 2);
}

TEST_P(GradientMonitorTest, NotebookMetricsAreOfTheGradientsThatExist) {
  const std::vector<TensorView> views{view("w", Role::kWeight, 0, 1, 1, {1e6F}),
                                      gradient("a", {3.0F, 4.0F}), missing("gone"),
                                      gradient("b", {1e-5F})};
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_FALSE(metrics.loss.has_value());
  EXPECT_EQ(metrics.total_layers, 2);
  EXPECT_EQ(metrics.weak_layers, 1);
  EXPECT_EQ(metrics.vanished_layers, 0);
  expect_close(metrics.gradient_norms, std::vector{5.0, static_cast<double>(1e-5F)}, kSumSquares);
  EXPECT_FALSE(metrics.tensors[2].exists);
  EXPECT_EQ(metrics.tensors[2].stats.count, 0);
}

TEST_P(GradientMonitorTest, ATensorWithNaNHasTheNormNaNAndAFinitePart) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<TensorView> views{gradient("a", {3.0F, nan, 4.0F})};
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_TRUE(std::isnan(metrics.gradient_norms[0]));
  EXPECT_TRUE(std::isnan(metrics.max_gradient));
  expect_close(metrics.tensors[0].stats.l2_norm(), 5.0, kSumSquares);
  EXPECT_EQ(metrics.tensors[0].stats.first_nonfinite_index, 1);
  EXPECT_EQ(diagnose(metrics).verdict, Verdict::kNonFinite);
}

TEST_P(GradientMonitorTest, SeesNewValuesInTheSameMemory) {
  GradientMonitor monitor(stream());
  const std::vector<TensorView> views{gradient("a", {3.0F, 4.0F})};
  expect_close(monitor.inspect(views).max_gradient, 5.0, kSumSquares);
  memory(0).upload(std::vector{6.0F, 8.0F});
  expect_close(monitor.inspect(views).max_gradient, 10.0, kSumSquares);
}

TEST_P(GradientMonitorTest, SeesOtherViewsInALaterCall) {
  GradientMonitor monitor(stream());
  const TensorView a = gradient("a", {3.0F, 4.0F});
  const TensorView b = gradient("b", {5.0F, 12.0F, 0.0F});
  expect_close(monitor.inspect(std::vector{a}).gradient_norms, std::vector{5.0}, kSumSquares);
  expect_close(monitor.inspect(std::vector{b}).gradient_norms, std::vector{13.0}, kSumSquares);
  expect_close(monitor.inspect(std::vector{a, b}).gradient_norms, std::vector{5.0, 13.0},
               kSumSquares);
  TensorView shorter = b;
  shorter.count = shorter.cols = 1;
  expect_close(monitor.inspect(std::vector{a, shorter}).gradient_norms, std::vector{5.0, 5.0},
               kSumSquares);
  TensorView gone = a;
  gone.data = nullptr;
  expect_close(monitor.inspect(std::vector{gone, b}).gradient_norms, std::vector{13.0},
               kSumSquares);
}

TEST_P(GradientMonitorTest, SeesAnotherTypeInTheSameMemory) {
  GradientMonitor monitor(stream());
  TensorView bits = gradient("a", {1.0F, 1.0F});  // 0x3f800000
  expect_close(monitor.inspect(std::vector{bits}).max_gradient, std::sqrt(2.0), kSumSquares);
  bits.dtype = DType::kBFloat16;  // 0x0000 and 0x3f80 of the first element: 0 and 1
  expect_close(monitor.inspect(std::vector{bits}).max_gradient, 1.0, kSumSquares);
}

TEST_P(GradientMonitorTest, SeesAnotherMeaningOfTheSameMemory) {
  GradientMonitor monitor(stream());
  TensorView a = gradient("a", {3.0F, 4.0F});
  const auto record = [&] { return monitor.inspect(std::vector{a}).tensors[0]; };
  EXPECT_EQ(record().role, Role::kGradient);
  a.role = Role::kWeight;
  EXPECT_EQ(record().role, Role::kWeight);
  a.layer = 3;
  EXPECT_EQ(record().layer, 3);
  a.activation = Activation::kTanh;
  EXPECT_EQ(record().activation, Activation::kTanh);
  a.rows = 2;
  a.cols = 1;
  EXPECT_EQ(record().rows, 2);
  EXPECT_EQ(record().cols, 1);
  a.channels = 1;
  EXPECT_EQ(record().channels, 1);
  a.name = "b";
  EXPECT_EQ(record().name, "b");
}

TEST_P(GradientMonitorTest, TheMetricsOfEveryStepShareTheNamesOfTheViews) {
  GradientMonitor monitor(stream());
  std::vector<TensorView> views{
      gradient("generator/dense/kernel, of a name as long as any", {3, 4}),
      gradient("critic/dense/kernel, of a name as long as any", {5, 12})};
  views[0].network = 0;
  views[1].network = 1;
  std::vector<HealthMetrics> steps;
  for (const std::int64_t step : {1, 2}) {
    monitor.observe(views);
    monitor.submit(step);
    stream().synchronize();
    steps.push_back((step == 1 ? monitor.poll() : monitor.flush()).value());
  }
  steps.push_back(monitor.inspect(views));
  steps.push_back(steps.front());
  for (const HealthMetrics& metrics : steps) {
    ASSERT_EQ(metrics.networks.size(), 2u);
    for (const std::size_t i : {0, 1}) {
      EXPECT_EQ(&metrics.tensors[i].name.text(), &views[i].name.text());
      EXPECT_EQ(&metrics.networks[i].text(), &steps.front().networks[i].text());
    }
  }
}

TEST_P(GradientMonitorTest, WithoutViewsThereIsNothingToJudge) {
  const HealthMetrics metrics = GradientMonitor(stream()).inspect({});
  EXPECT_EQ(metrics.total_layers, 0);
  EXPECT_FALSE(can_be_judged(metrics));
}

TEST_P(GradientMonitorTest, AnEmptyTensorHasNoNorm) {
  std::vector<TensorView> views{gradient("empty", {1.0F}), gradient("a", {1.0F})};
  views[0].count = views[0].cols = 0;
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_TRUE(metrics.tensors[0].exists);
  EXPECT_EQ(metrics.gradient_norms, std::vector<double>{1.0});
  EXPECT_EQ(test::fired(diagnose(metrics)), "");
}

TEST_P(GradientMonitorTest, ErrorsNameTheViewThatContradictsItself) {
  TensorView bad = gradient("dense/kernel", {1.0F, 2.0F, 3.0F});
  bad.rows = 2;
  EXPECT_EQ(message_of(bad),
            "GradientMonitor: gradient dense/kernel has 3 elements in shape (2, 3)");
  bad.rows = -1;
  bad.cols = -3;
  EXPECT_NE(message_of(bad).find("dense/kernel"), std::string::npos);
  bad.rows = bad.cols = std::int64_t{1} << 32;  // Their product is 0 in 64 bits.
  bad.count = 0;
  EXPECT_NE(message_of(bad).find("dense/kernel"), std::string::npos);
}

TEST_P(GradientMonitorTest, ErrorsNameTheViewOnAnotherDevice) {
  TensorView bad = gradient("dense/kernel", {1.0F});
  bad.device = GetParam() == DeviceType::kCpu ? DeviceType::kCuda : DeviceType::kCpu;
  const std::string message = message_of(bad);
  EXPECT_NE(message.find("dense/kernel"), std::string::npos);
  EXPECT_NE(message.find(name(bad.device)), std::string::npos);
}

TEST_P(GradientMonitorTest, AnErrorLeavesTheMonitorUsable) {
  GradientMonitor monitor(stream());
  const TensorView good = gradient("a", {3.0F, 4.0F});
  TensorView bad = good;
  bad.rows = 7;
  expect_close(monitor.inspect(std::vector{good}).max_gradient, 5.0, kSumSquares);
  EXPECT_THROW(monitor.inspect(std::vector{bad}), std::invalid_argument);
  expect_close(monitor.inspect(std::vector{good}).max_gradient, 5.0, kSumSquares);
}

// Units

TEST_P(GradientMonitorTest, CountsDeadUnitsFromTheOutputOfRelu) {
  const auto relu = Activation::kRelu;
  const std::vector<TensorView> views{
      view("dense_1/output", Role::kOutput, 1, 3, 4, {0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0}, relu),
      view("dense/output", Role::kOutput, 0, 2, 2, {1, 2, 3, 4}, relu),
      view("dense/pre_activation", Role::kPreActivation, 0, 2, 2, {9, 9, 9, 9}, relu)};
  const std::vector<LayerUnits> units = GradientMonitor(stream()).inspect(views).units;
  ASSERT_EQ(units.size(), 2u);
  EXPECT_EQ(units[0].name, "dense");
  EXPECT_EQ(units[0].layer, 0);
  EXPECT_EQ(units[0].dead_unit_count, 0);
  EXPECT_FALSE(units[0].is_head);
  EXPECT_EQ(units[1].name, "dense_1");
  EXPECT_EQ(units[1].activation, relu);
  EXPECT_TRUE(units[1].is_head);
  EXPECT_EQ(units[1].unit_count, 4);
  EXPECT_EQ(units[1].batch, 3);
  EXPECT_EQ(units[1].dead_unit_count, 2);
  EXPECT_EQ(units[1].saturated_count, 0);
}

TEST_P(GradientMonitorTest, CountsSaturationFromZInHiddenLayersAndFromTheOutputInTheHead) {
  const auto sigmoid = Activation::kSigmoid;
  const std::vector<TensorView> views{
      view("dense/pre_activation", Role::kPreActivation, 0, 2, 2, {5, -5, 4.9F, 100}, sigmoid),
      view("dense/output", Role::kOutput, 0, 2, 2, {0, 0, 0, 0}, sigmoid),
      view("dense_1/pre_activation", Role::kPreActivation, 1, 2, 1, {100, 100}, sigmoid),
      view("dense_1/output", Role::kOutput, 1, 2, 1, {1, 0.5F}, sigmoid)};
  const std::vector<LayerUnits> units = GradientMonitor(stream()).inspect(views).units;
  ASSERT_EQ(units.size(), 2u);
  EXPECT_EQ(units[0].saturated_count, 3);
  EXPECT_EQ(units[0].dead_unit_count, 0);  // A sigmoid that outputs 0 is saturated, not dead.
  EXPECT_TRUE(units[1].is_head);
  EXPECT_EQ(units[1].saturated_count, 1);
}

TEST_P(GradientMonitorTest, ALayerWithoutTheViewThatTellsHasNoRecord) {
  const std::vector<TensorView> views{
      view("a/output", Role::kOutput, 0, 1, 1, {1}, Activation::kSigmoid),  // Not its z.
      view("b/pre_activation", Role::kPreActivation, 1, 1, 1, {1}, Activation::kRelu),
      view("c/output", Role::kOutput, 2, 1, 1, {0}, Activation::kLinear),
      view("d/output", Role::kOutput, -1, 1, 1, {0}, Activation::kRelu)};
  EXPECT_TRUE(GradientMonitor(stream()).inspect(views).units.empty());
}

TEST_P(GradientMonitorTest, AnEmptyBatchOrALayerOfNoUnitsIsNeitherDeadNorSaturated) {
  std::vector<TensorView> views{
      view("a/output", Role::kOutput, 0, 1, 3, {0, 0, 0}, Activation::kRelu),
      view("b/output", Role::kOutput, 1, 1, 1, {0}, Activation::kRelu)};
  views[0].count = views[0].rows = 0;
  views[1].count = views[1].cols = 0;
  const std::vector<LayerUnits> units = GradientMonitor(stream()).inspect(views).units;
  ASSERT_EQ(units.size(), 2u);
  EXPECT_EQ(units[0].unit_count, 3);
  EXPECT_EQ(units[0].dead_unit_count, 0);
  EXPECT_EQ(units[0].saturation_fraction(), 0.0);
  EXPECT_EQ(units[1].dead_unit_fraction(), 0.0);
}

TEST_P(GradientMonitorTest, UnitsCanBeLeftToCheckUps) {
  const std::vector<TensorView> views{
      view("a/output", Role::kOutput, 0, 1, 1, {0}, Activation::kRelu)};
  EXPECT_EQ(GradientMonitor(stream()).inspect(views).units.size(), 1u);
  EXPECT_TRUE(GradientMonitor(stream(), {.units = false}).inspect(views).units.empty());
}

TEST_P(GradientMonitorTest, UnitsFollowANetworkThatGrows) {
  GradientMonitor monitor(stream());
  for (const std::int64_t width : {1, 100, 3}) {
    const std::vector<float> zeros(static_cast<std::size_t>(2 * width), 0.0F);
    const std::vector<TensorView> views{
        view("a/output", Role::kOutput, 0, 2, width, zeros, Activation::kRelu)};
    const std::vector<LayerUnits> units = monitor.inspect(views).units;
    ASSERT_EQ(units.size(), 1u);
    EXPECT_EQ(units[0].dead_unit_count, width);
  }
}

}  // namespace
}  // namespace gradvitals::test
