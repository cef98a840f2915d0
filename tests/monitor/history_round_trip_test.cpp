// Contract: what HistoryWriter writes, HistoryReader gives back, to be judged alike. Oracle: the
// metrics that were written.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "monitor/history/history_writer.h"
#include "tests/monitor/history_fixtures.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

constexpr StepContext kRecordedCheckup = [] {
  StepContext context;
  context.is_checkup = true;
  return context;
}();

class HistoryRoundTrip : public HistoryFile {
 protected:
  HistoryStep round_trip(const HealthMetrics& metrics, const StepContext& context = {}) const {
    std::filesystem::remove(path_);
    HistoryWriter(path_).add(metrics, context);
    ReadHistory read = read_history(content());
    EXPECT_EQ(read.notes.damaged_lines, 0) << read.notes.first_damage;
    EXPECT_EQ(read.steps.size(), 1U);
    return read.steps.empty() ? HistoryStep() : std::move(read.steps.front());
  }
};

void expect_same_stats(const TensorStats& got, const TensorStats& expected) {
  EXPECT_EQ(got.count, expected.count);
  expect_close(got.l2_norm(), expected.l2_norm(), kNineDigits);
  expect_close(got.rms(), expected.rms(), kSquareOfNineDigits);
  expect_close(got.mean(), expected.mean(), kNineDigits);
  EXPECT_EQ(got.zero_count, expected.zero_count);
  EXPECT_EQ(got.subnormal_count, expected.subnormal_count);
  EXPECT_EQ(got.nan_count, expected.nan_count);
  EXPECT_EQ(got.inf_count, expected.inf_count);
  EXPECT_EQ(got.first_nonfinite_index, expected.first_nonfinite_index);
}

void expect_same_metrics(const HealthMetrics& got, const HealthMetrics& expected) {
  EXPECT_EQ(got.step, expected.step);
  EXPECT_EQ(got.loss.has_value(), expected.loss.has_value());
  if (expected.loss) expect_close(*got.loss, *expected.loss, kExact);
  EXPECT_EQ(got.loss_scale, expected.loss_scale);
  EXPECT_EQ(got.networks, expected.networks);
  expect_close(got.gradient_norms, expected.gradient_norms, kNineDigits);
  EXPECT_EQ(got.gradient_names, expected.gradient_names);
  ASSERT_EQ(got.tensors.size(), expected.tensors.size());
  for (std::size_t i = 0; i < expected.tensors.size(); ++i) {
    const TensorRecord& record = got.tensors[i];
    const TensorRecord& want = expected.tensors[i];
    SCOPED_TRACE(want.name.text());
    EXPECT_EQ(record.name, want.name);
    EXPECT_EQ(record.role, want.role);
    EXPECT_EQ(record.layer, want.layer);
    EXPECT_EQ(record.network, want.network);
    EXPECT_EQ(record.dtype, want.dtype);
    EXPECT_EQ(record.activation, want.activation);
    EXPECT_EQ(record.rows, want.rows);
    EXPECT_EQ(record.cols, want.cols);
    EXPECT_EQ(record.channels, want.channels);
    EXPECT_EQ(record.rank, want.rank);
    EXPECT_EQ(record.unit_axis, want.unit_axis);
    EXPECT_EQ(record.exists, want.exists);
    expect_same_stats(record.stats, want.stats);
    EXPECT_EQ(record.units.has_value(), want.units.has_value());
    if (record.units && want.units) {
      EXPECT_EQ(*record.units, *want.units);
    }
    EXPECT_EQ(record.inputs.has_value(), want.inputs.has_value());
    if (record.inputs && want.inputs) {
      EXPECT_EQ(*record.inputs, *want.inputs);
    }
  }
  ASSERT_EQ(got.units.size(), expected.units.size());
  for (std::size_t i = 0; i < expected.units.size(); ++i) {
    EXPECT_EQ(got.units[i].name, expected.units[i].name);
    EXPECT_EQ(got.units[i].layer, expected.units[i].layer);
    EXPECT_EQ(got.units[i].activation, expected.units[i].activation);
    EXPECT_EQ(got.units[i].is_head, expected.units[i].is_head);
    EXPECT_EQ(got.units[i].unit_count, expected.units[i].unit_count);
    EXPECT_EQ(got.units[i].batch, expected.units[i].batch);
    EXPECT_EQ(got.units[i].dead_unit_count, expected.units[i].dead_unit_count);
    EXPECT_EQ(got.units[i].saturated_count, expected.units[i].saturated_count);
  }
}

TEST_F(HistoryRoundTrip, KeepsALightStepAndItsContext) {
  const HealthMetrics metrics = light_step(7);
  const HistoryStep read = round_trip(metrics, {.learning_rate = 0.1,
                                                .clip_scale = 1.0 / 3.0,
                                                .is_skipped = true,
                                                .gradient_cosine = -1.0 / 7.0,
                                                .noise_scale = 1e5 / 3.0});
  expect_same_metrics(read.metrics, metrics);
  EXPECT_EQ(read.context.learning_rate, 0.1);
  EXPECT_EQ(read.context.clip_scale, 1.0 / 3.0);
  EXPECT_TRUE(read.context.is_skipped);
  EXPECT_FALSE(read.context.is_checkup);
  EXPECT_EQ(read.context.gradient_cosine, -1.0 / 7.0);
  EXPECT_EQ(read.context.noise_scale, 1e5 / 3.0);
}

TEST_F(HistoryRoundTrip, KeepsThatNoSignalsWereMeasured) {
  const HistoryStep read = round_trip(light_step(7));
  EXPECT_FALSE(read.context.gradient_cosine);
  EXPECT_FALSE(read.context.noise_scale);
}

TEST_F(HistoryRoundTrip, ExtremesOfFloat32AreExact) {
  const HealthMetrics metrics = light_step(0, 0.1F);
  const HistoryStep read = round_trip(metrics);
  for (std::size_t i = 0; i < metrics.tensors.size(); ++i) {
    const TensorStats& got = read.metrics.tensors[i].stats;
    if (metrics.tensors[i].dtype == DType::kFloat64) continue;
    EXPECT_EQ(got.max_abs, static_cast<float>(metrics.tensors[i].stats.max_abs));
    EXPECT_EQ(got.min_abs_nonzero, static_cast<float>(metrics.tensors[i].stats.min_abs_nonzero));
  }
}

TEST_F(HistoryRoundTrip, AnUpdateIsOneNumberOfItsRow) {
  HealthMetrics metrics = light_step(3);
  for (const double squares : {2.5e-7, 0.0}) {
    TensorRecord update = tensor("dense/kernel", Role::kUpdateSquares, 0, {squares});
    update.dtype = DType::kFloat64;
    metrics.tensors.back() = update;
    const HistoryStep read = round_trip(metrics);
    expect_same_metrics(read.metrics, metrics);
    const TensorStats& stats = read.metrics.tensors.back().stats;
    EXPECT_EQ(stats.max_abs, squares);
    EXPECT_EQ(stats.min_abs_nonzero, update.stats.min_abs_nonzero);
    expect_close(stats.mean(), squares, kNineDigits);
  }
  // Norm, largest, smallest, mean: a row that repeats the number is none of a writer's.
  std::string text = content();
  const std::size_t null = text.rfind(",null],");
  ASSERT_NE(null, std::string::npos);
  text.replace(null, 7, ",2.5e-7],");
  EXPECT_EQ(read_history(text).notes.damaged_lines, 1);
}

TEST_F(HistoryRoundTrip, KeepsACheckupSoThatItIsDiagnosedAlike) {
  for (const Activation hidden : {Activation::kRelu, Activation::kSigmoid}) {
    Network network{.hidden_layers = 6, .hidden = hidden, .backward_gain = 0.2};
    network.dead_fraction = 0.9;
    network.hidden_saturation = 0.6;
    HealthMetrics metrics = network.metrics();
    metrics.tensors.front().units = SliceSummary{.count = 4,
                                                 .zero_count = 1,
                                                 .top_index = 2,
                                                 .top_share = 0.5,
                                                 .twin_count = 2,
                                                 .largest_twin_group = 2,
                                                 .first_twin = 0,
                                                 .second_twin = 3};
    metrics.tensors.front().inputs = SliceSummary{.count = 2};
    const HistoryStep read = round_trip(metrics, kRecordedCheckup);
    expect_same_metrics(read.metrics, metrics);
    EXPECT_TRUE(read.context.is_checkup);
    const Diagnosis expected = diagnose(metrics);
    const Diagnosis got = diagnose(read.metrics);
    EXPECT_EQ(fired(got), fired(expected));
    EXPECT_EQ(got.verdict, expected.verdict);
    EXPECT_EQ(got.severity, expected.severity);
    ASSERT_EQ(got.findings.size(), expected.findings.size());
    for (std::size_t i = 0; i < got.findings.size(); ++i) {
      EXPECT_EQ(got.findings[i].text, expected.findings[i].text);
    }
  }
}

TEST_F(HistoryRoundTrip, KeepsWhatIsNotFinite) {
  HealthMetrics metrics =
      metrics_of({gradient("a", {1.0, kNaN, -kInf, 0.0}), gradient("b", {kNaN, kNaN}),
                  gradient("c", {0.0, 0.0}), gradient("d", {kInf, 2.0})});
  for (const double loss : {kNaN, kInf, -kInf}) {
    metrics.loss = loss;
    expect_same_metrics(round_trip(metrics).metrics, metrics);
  }
}

TEST_F(HistoryRoundTrip, KeepsMissingTensorsAndThoseWithoutElements) {
  HealthMetrics metrics = metrics_of({missing_gradient("gone", 1), gradient("a", {0.5})});
  metrics.tensors.push_back(gradient("empty", {}));  // No norm: has_norm().
  const HistoryStep read = round_trip(metrics);
  expect_same_metrics(read.metrics, metrics);
  EXPECT_FALSE(read.metrics.tensors[0].exists);
  EXPECT_TRUE(read.metrics.tensors[2].exists);
}

TEST_F(HistoryRoundTrip, KeepsNormsBeyondTheSquaresOfFloat64) {
  TensorRecord large = gradient("large", {1.0, -2.0}), small = gradient("small", {3.0});
  large.dtype = small.dtype = DType::kFloat64;
  large.stats.scale_exponent = 1000;
  large.stats.max_abs = std::ldexp(2.0, 1000);
  small.stats.scale_exponent = -1000;
  small.stats.min_abs_nonzero = small.stats.max_abs = std::ldexp(3.0, -1000);
  small.stats.sum = std::ldexp(3.0, -1000);
  const HealthMetrics metrics = metrics_of({large, small});
  const HistoryStep read = round_trip(metrics);
  expect_same_metrics(read.metrics, metrics);
  expect_close(read.metrics.tensors[1].stats.max_abs, small.stats.max_abs, kNineDigits);
}

TEST_F(HistoryRoundTrip, KeepsNormsWithoutTensorsAndNetworks) {
  HealthMetrics norms = metrics_from_norms({1.0, kNaN, kInf, 0.25});
  norms.step = 3;
  expect_same_metrics(round_trip(norms).metrics, norms);
  norms.gradient_names = {"a", "b\n\"c\"", "d", ""};
  expect_same_metrics(round_trip(norms).metrics, norms);

  const HealthMetrics named = norms;
  for (const std::vector<Name>& misfits :
       {std::vector<Name>{"a"}, std::vector<Name>{"a", "b", "c", "d", "e"}}) {
    norms.gradient_names = misfits;
    HealthMetrics unnamed = named;
    unnamed.gradient_names.clear();
    expect_same_metrics(round_trip(norms).metrics, unnamed);
  }

  HealthMetrics two = metrics_of({gradient("a", {1.0}), gradient("b", {2.0})});
  two.tensors[1].network = 1;
  two.networks = {"left", "right"};
  expect_same_metrics(round_trip(two).metrics, two);
}

TEST_F(HistoryRoundTrip, StepsOfSeveralLayoutsAlternate) {
  HistoryWriter writer(path_);
  Network network;
  for (std::int64_t step = 0; step < 100; ++step) {
    HealthMetrics metrics = step % 10 == 0 ? network.metrics() : light_step(step);
    metrics.step = step;
    writer.add(metrics, step % 10 == 0 ? kRecordedCheckup : StepContext());
  }
  const ReadHistory read = read_history(content());
  ASSERT_EQ(read.steps.size(), 100U);
  for (std::int64_t step = 0; step < 100; ++step) {
    const HistoryStep& got = read.steps[static_cast<std::size_t>(step)];
    EXPECT_EQ(got.metrics.step, step);
    EXPECT_EQ(got.context.is_checkup, step % 10 == 0);
  }
  // Names once for each of the two.
  const std::string text = content();
  std::size_t named = 0;
  for (auto at = text.find("dense/bias"); at != std::string::npos;
       at = text.find("dense/bias", at + 1)) {
    ++named;
  }
  EXPECT_EQ(named, 2U);
}

TEST_F(HistoryRoundTrip, MoreLayoutsThanAreValidAtATimeAreReadRightly) {
  HistoryWriter writer(path_);
  for (std::int64_t step = 0; step < 60; ++step) {
    const auto count = static_cast<std::size_t>(1 + step % 20);
    HealthMetrics metrics = metrics_of({gradient("g", std::vector<double>(count, 0.5))});
    metrics.step = step;
    writer.add(metrics);
  }
  const ReadHistory read = read_history(content());
  EXPECT_EQ(read.notes.damaged_lines, 0);
  ASSERT_EQ(read.steps.size(), 60U);
  for (std::size_t step = 0; step < 60; ++step) {
    EXPECT_EQ(read.steps[step].metrics.tensors.front().stats.count,
              static_cast<std::int64_t>(1 + step % 20));
  }
}

}  // namespace
}  // namespace gradvitals::test
