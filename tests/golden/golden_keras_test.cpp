// Contract under test: the notebook's networks, forward, backward and judged, against the
// notebook's own stack. Oracle: TensorFlow and Keras, recorded by record_keras.py with Keras's own
// weights and data, and beside them the verdict that the notebook's design of each network asks
// for.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "monitor/rules/diagnosis.h"
#include "monitor/rules/notebook_interpreter.h"
#include "tests/golden/golden_file.h"
#include "tests/golden/golden_model.h"
#include "tests/golden/golden_test.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

Role parse_role(const std::string& text) {
  for (const Role role :
       {Role::kGradient, Role::kWeight, Role::kPreActivation, Role::kOutput, Role::kDelta}) {
    if (text == name(role)) return role;
  }
  throw std::runtime_error("no role: " + text);
}

TensorRecord record_of(const nlohmann::json& tensor) {
  TensorRecord record;
  record.name = tensor.at("name").get<std::string>();
  record.role = parse_role(tensor.at("role"));
  record.layer = tensor.at("layer");
  record.stats.count = tensor.at("count");
  record.stats.sum_squares = std::pow(tensor.at("l2_norm").get<double>(), 2);
  record.stats.max_abs = tensor.at("max_abs");
  record.stats.zero_count = tensor.at("zero_count");
  const nlohmann::json& smallest = tensor.at("min_abs_nonzero");
  if (!smallest.is_null()) record.stats.min_abs_nonzero = smallest;
  return record;
}

/// What the monitor would have seen, had it watched TensorFlow.
HealthMetrics recorded_metrics(const nlohmann::json& golden) {
  HealthMetrics metrics =
      metrics_from_norms(golden.at("gradient_norms").get<std::vector<double>>());
  metrics.loss = golden.at("loss").get<double>();
  for (const nlohmann::json& tensor : golden.at("tensors")) {
    metrics.tensors.push_back(record_of(tensor));
  }
  return metrics;
}

/// The norms of all tensors of a role, input side first.
std::vector<double> norms(const HealthMetrics& metrics, Role role) {
  std::vector<double> all;
  for (const TensorRecord& record : metrics.tensors) {
    if (record.role == role) all.push_back(record.stats.l2_norm());
  }
  return all;
}

Tolerance agreement(const std::string& network) {
  if (network.starts_with("exploding_linear_head")) return kAgreementExplodingLinearHead;
  if (network.starts_with("exploding")) return kAgreementExploding;
  return kAgreementHealthyAndVanishing;
}

class GoldenKeras : public GoldenTest {
 protected:
  void SetUp() override {
    GoldenTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ours = examine_golden_model(stream(), "keras", recording());
  }

  const HealthMetrics keras = recorded_metrics(read_expected("keras", recording()));
  HealthMetrics ours;
};

TEST_P(GoldenKeras, NormsAgree) {
  const Tolerance tolerance = agreement(recording());
  ASSERT_FALSE(ours.gradient_norms.empty());
  expect_close(ours.gradient_norms, keras.gradient_norms, tolerance);
  expect_close(ours.loss.value(), keras.loss.value(), tolerance);
  for (const Role role : {Role::kGradient, Role::kPreActivation, Role::kOutput, Role::kDelta}) {
    SCOPED_TRACE(name(role));
    ASSERT_FALSE(norms(ours, role).empty());
    expect_close(norms(ours, role), norms(keras, role), tolerance);
  }
}

TEST_P(GoldenKeras, CountsAndNotebookScoresAreEqual) {
  EXPECT_EQ(ours.total_layers, keras.total_layers);
  EXPECT_EQ(ours.vanished_layers, keras.vanished_layers);
  EXPECT_EQ(ours.weak_layers, keras.weak_layers);
  EXPECT_EQ(notebook_score(ours).score, notebook_score(keras).score);
  EXPECT_EQ(notebook_score(ours).verdict, notebook_score(keras).verdict);
}

TEST_P(GoldenKeras, VerdictsAreEqual) {
  const auto expected = read_expected("keras", recording()).at("verdict").get<std::string>();
  EXPECT_EQ(name(diagnose(keras).verdict), expected);
  EXPECT_EQ(name(diagnose(ours).verdict), expected);
}

INSTANTIATE_TEST_SUITE_P(Networks, GoldenKeras, on_all_devices("keras"), golden_case_name);

}  // namespace
}  // namespace gradvitals::test
