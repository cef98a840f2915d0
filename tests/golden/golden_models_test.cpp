// Contract under test: model and data files, forward and backward on a tape, the monitor's metrics,
// and the verdict. Oracle: the same networks in NumPy and PyTorch, float64, recorded; the verdicts
// are written by hand, after what such networks do in training.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "monitor/metrics/vital_signs.h"
#include "monitor/rules/diagnosis.h"
#include "tests/golden/golden_file.h"
#include "tests/golden/golden_model.h"
#include "tests/golden/golden_test.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

std::vector<std::string> gradient_names(const HealthMetrics& metrics) {
  std::vector<std::string> names;
  for (const TensorRecord& record : metrics.tensors) {
    if (record.role == Role::kGradient) names.emplace_back(record.name);
  }
  return names;
}

class GoldenModels : public GoldenTest {};

TEST_P(GoldenModels, HaveTheRecordedMetrics) {
  const HealthMetrics metrics = examine_golden_model(stream(), "models", recording());
  const nlohmann::json golden = read_expected("models", recording());
  EXPECT_EQ(gradient_names(metrics), golden.at("names").get<std::vector<std::string>>());
  ASSERT_TRUE(metrics.loss.has_value());
  expect_close(*metrics.loss, golden.at("loss").get<double>(), kGoldenNorm);

  const nlohmann::json& expected = golden.at("metrics");
  const auto norms = expected.at("gradient_norms").get<std::vector<double>>();
  ASSERT_FALSE(norms.empty());
  expect_close(metrics.gradient_norms, norms, kGoldenNorm);
  expect_close(metrics.min_gradient, expected.at("min_gradient").get<double>(), kGoldenNorm);
  expect_close(metrics.max_gradient, expected.at("max_gradient").get<double>(), kGoldenNorm);
  expect_close(metrics.mean_gradient, expected.at("mean_gradient").get<double>(), kGoldenNorm);
  expect_close(metrics.std_gradient, expected.at("std_gradient").get<double>(),
               golden_spread(*std::ranges::max_element(norms)));
  EXPECT_EQ(metrics.vanished_layers, expected.at("vanished_layers").get<std::int64_t>());
  EXPECT_EQ(metrics.weak_layers, expected.at("weak_layers").get<std::int64_t>());
  EXPECT_EQ(metrics.total_layers, expected.at("total_layers").get<std::int64_t>());
}

TEST_P(GoldenModels, HaveTheRecordedBackwardGain) {
  const HealthMetrics metrics = examine_golden_model(stream(), "models", recording());
  const nlohmann::json golden = read_expected("models", recording());
  std::vector<double> delta_rms;
  for (const TensorRecord& record : metrics.tensors) {
    if (record.role == Role::kDelta) delta_rms.push_back(record.stats.rms());
  }
  expect_close(delta_rms, golden.at("delta_rms").get<std::vector<double>>(), kGoldenNorm);
  const std::optional<double> gain = vital_signs(metrics, Thresholds{}).oxygen.backward_gain;
  const nlohmann::json& expected = golden.at("backward_gain");
  ASSERT_EQ(gain.has_value(), !expected.is_null());
  if (gain) expect_close(*gain, expected.get<double>(), kGoldenGain);
}

TEST_P(GoldenModels, GetTheVerdictTheirNetworksDeserve) {
  const Diagnosis diagnosis =
      diagnose(examine_golden_model(stream(), "models", recording()), Thresholds{});
  EXPECT_EQ(name(diagnosis.verdict),
            read_expected("models", recording()).at("verdict").get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Networks, GoldenModels, on_all_devices("models"), golden_case_name);

}  // namespace
}  // namespace gradvitals::test
