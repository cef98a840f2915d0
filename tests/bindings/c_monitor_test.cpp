// Contract: through the C interface a run is watched, judged and recorded.
// Oracle: statistics by their definition, verdicts of tensors made by hand, JSON read by nlohmann.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gradvitals.h"
#include "tests/bindings/c_handle.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Two gradients, and the monitor that watches them.
class CMonitor : public ::testing::Test {
 protected:
  void SetUp() override { make(nullptr); }

  void make(const gradvitals_options* options) {
    handle_.reset();
    gradvitals_monitor* made = nullptr;
    ASSERT_EQ(gradvitals_monitor_create(options, &made), GRADVITALS_OK) << gradvitals_last_error();
    handle_.reset(made);
  }

  gradvitals_monitor* monitor() const { return handle_.get(); }

  gradvitals_tensor tensor(const char* name, const std::vector<float>& values, std::int64_t rows) {
    gradvitals_tensor result = {};
    result.size = sizeof result;
    result.name = name;
    result.data = values.data();
    result.count = std::ssize(values);
    result.rows = rows;
    result.cols = result.count / rows;
    result.rank = rows == 1 ? 1 : 2;
    return result;
  }

  void watch() {
    const std::vector<gradvitals_tensor> tensors = {tensor("a.weight", kernel, 2),
                                                    tensor("a.bias", bias, 1)};
    ASSERT_EQ(gradvitals_monitor_watch(monitor(), tensors.data(), 2), GRADVITALS_OK)
        << gradvitals_last_error();
  }

  void step(double loss) {
    ASSERT_EQ(gradvitals_monitor_observe(monitor()), GRADVITALS_OK);
    gradvitals_step step = {};
    step.size = sizeof step;
    step.has_loss = 1;
    step.loss = loss;
    ASSERT_EQ(gradvitals_monitor_commit(monitor(), &step), GRADVITALS_OK)
        << gradvitals_last_error();
  }

  std::string verdict() {
    gradvitals_verdict result = {};
    result.size = sizeof result;
    EXPECT_EQ(gradvitals_monitor_verdict(monitor(), &result), GRADVITALS_OK)
        << gradvitals_last_error();
    return result.verdict;
  }

  std::vector<float> kernel = {0.1F, -0.2F, 0.3F, 0.4F, 0.5F, -0.6F};
  std::vector<float> bias = {0.1F, 0.2F};

 private:
  Handle handle_;
};

TEST_F(CMonitor, GivesStatisticsOfEachTensorAndOfAllGradients) {
  kernel[2] = 0.0F;
  bias[1] = kNan;
  watch();
  ASSERT_EQ(gradvitals_monitor_observe(monitor()), GRADVITALS_OK);
  std::vector<gradvitals_tensor_stats> stats(3);
  ASSERT_EQ(gradvitals_monitor_stats(monitor(), stats.data(), 3), GRADVITALS_OK);
  double squares = 0.0;
  for (const float value : kernel) squares += double{value} * double{value};
  EXPECT_NEAR(stats[0].sum_squares, squares, 1e-15);
  EXPECT_NEAR(gradvitals_l2_norm(stats.data()), std::sqrt(squares), 1e-15);
  EXPECT_EQ(stats[0].zero_count, 1);
  EXPECT_EQ(stats[0].first_nonfinite_index, -1);
  EXPECT_EQ(stats[1].nan_count, 1);
  EXPECT_EQ(stats[2].count, 8);
  EXPECT_EQ(stats[2].first_nonfinite_index, 7);
  std::int64_t nonfinite = 0;
  ASSERT_EQ(gradvitals_monitor_nonfinite(monitor(), &nonfinite), GRADVITALS_OK);
  EXPECT_EQ(nonfinite, 1);
  EXPECT_EQ(gradvitals_monitor_stats(monitor(), stats.data(), 2), GRADVITALS_INVALID_ARGUMENT);
}

TEST_F(CMonitor, NamesTheTensorThatWentNan) {
  watch();
  step(1.0);
  EXPECT_EQ(verdict(), "healthy");
  bias[0] = kNan;
  step(1.0);
  EXPECT_EQ(verdict(), "non_finite");
  gradvitals_finding finding = {};
  finding.size = sizeof finding;
  ASSERT_EQ(gradvitals_monitor_finding(monitor(), 0, &finding), GRADVITALS_OK);
  EXPECT_EQ(finding.rule, 1);
  EXPECT_EQ(finding.severity, GRADVITALS_SEVERITY_CRITICAL);
  EXPECT_STREQ(finding.tensor, "a.bias");
  EXPECT_TRUE(contains(finding.text, "a.bias"));
  EXPECT_GT(std::string(finding.advice).size(), 10U);
  EXPECT_EQ(gradvitals_monitor_finding(monitor(), 99, &finding), GRADVITALS_INVALID_ARGUMENT);
  EXPECT_EQ(gradvitals_monitor_finding(monitor(), -1, &finding), GRADVITALS_INVALID_ARGUMENT);
}

TEST_F(CMonitor, TellsEachEventOnce) {
  watch();
  step(1.0);
  bias[0] = kNan;
  step(1.0);
  const char* json = nullptr;
  ASSERT_EQ(gradvitals_monitor_next_event(monitor(), &json), GRADVITALS_OK);
  ASSERT_NE(json, nullptr);
  const auto event = nlohmann::json::parse(json);
  EXPECT_EQ(event["event"], "began");
  EXPECT_EQ(event["step"], 1);
  EXPECT_EQ(event["rule"], "R1");
  while (json != nullptr) {
    ASSERT_EQ(gradvitals_monitor_next_event(monitor(), &json), GRADVITALS_OK);
  }
}

TEST_F(CMonitor, WritesDiagnosesAsTextAndAsJson) {
  watch();
  bias[0] = kNan;
  step(1.0);
  const char* text = nullptr;
  ASSERT_EQ(gradvitals_monitor_diagnosis(monitor(), GRADVITALS_JSON, nullptr, &text),
            GRADVITALS_OK);
  EXPECT_EQ(nlohmann::json::parse(text)["schema"], "gradvitals.diagnosis/1");
  ASSERT_EQ(gradvitals_monitor_run(monitor(), GRADVITALS_JSON, nullptr, &text), GRADVITALS_OK);
  EXPECT_EQ(nlohmann::json::parse(text)["schema"], "gradvitals.run/1");
  gradvitals_style style = {};
  style.size = sizeof style;
  style.ascii = 1;
  ASSERT_EQ(gradvitals_monitor_diagnosis(monitor(), GRADVITALS_TEXT, &style, &text), GRADVITALS_OK);
  const std::string plain = text;
  EXPECT_TRUE(contains(plain, "[CRITICAL]"));
  EXPECT_TRUE(std::ranges::all_of(plain, [](char c) { return static_cast<signed char>(c) >= 0; }));
  ASSERT_EQ(gradvitals_monitor_run(monitor(), GRADVITALS_TEXT, &style, &text), GRADVITALS_OK);
  EXPECT_TRUE(contains(text, "R1"));
  EXPECT_EQ(gradvitals_monitor_run(monitor(), 7, &style, &text), GRADVITALS_INVALID_ARGUMENT);
}

TEST_F(CMonitor, CountsUnitsOfLayersFromTheFirst) {
  watch();
  std::vector<float> outputs(std::size_t{64} * 4, 0.0F);
  for (std::size_t i = 0; i < outputs.size(); i += 4) outputs[i] = 1.0F;
  gradvitals_tensor layer = tensor("a", outputs, 64);
  layer.role = GRADVITALS_OUTPUT;
  layer.activation = GRADVITALS_RELU;
  layer.layer = 1;
  ASSERT_EQ(gradvitals_monitor_observe_layers(monitor(), &layer, 1), GRADVITALS_OK)
      << gradvitals_last_error();
  const char* text = nullptr;
  ASSERT_EQ(gradvitals_monitor_diagnosis(monitor(), GRADVITALS_JSON, nullptr, &text),
            GRADVITALS_OK);
  EXPECT_TRUE(contains(text, "dead")) << text;
}

TEST_F(CMonitor, SkipsWhatIsNotFinite) {
  watch();
  ASSERT_EQ(gradvitals_monitor_observe(monitor()), GRADVITALS_OK);
  std::int32_t skips = 7;
  ASSERT_EQ(gradvitals_monitor_should_skip(monitor(), 0.0, &skips), GRADVITALS_OK);
  EXPECT_EQ(skips, 0);
  kernel[0] = kNan;
  ASSERT_EQ(gradvitals_monitor_observe(monitor()), GRADVITALS_OK);
  ASSERT_EQ(gradvitals_monitor_should_skip(monitor(), 1.0, &skips), GRADVITALS_OK);
  EXPECT_EQ(skips, 1);
}

TEST_F(CMonitor, FollowsTensorsThatMove) {
  watch();
  const std::vector<float> moved = {5.0F, 6.0F};
  const std::vector<const void*> data = {nullptr, moved.data()};
  ASSERT_EQ(gradvitals_monitor_set_data(monitor(), data.data(), 2), GRADVITALS_OK);
  ASSERT_EQ(gradvitals_monitor_observe(monitor()), GRADVITALS_OK);
  std::vector<gradvitals_tensor_stats> stats(3);
  ASSERT_EQ(gradvitals_monitor_stats(monitor(), stats.data(), 3), GRADVITALS_OK);
  EXPECT_EQ(stats[0].count, 0);
  EXPECT_EQ(stats[1].max_abs, 6.0);
  EXPECT_EQ(gradvitals_monitor_set_data(monitor(), data.data(), 1), GRADVITALS_INVALID_ARGUMENT);
}

TEST_F(CMonitor, SaysWhyAGpuCannotBeUsed) {
  gradvitals_tensor far = tensor("a.bias", bias, 1);
  far.device = GRADVITALS_CUDA;
  far.device_index = 99;
  EXPECT_EQ(gradvitals_monitor_watch(monitor(), &far, 1), GRADVITALS_DEVICE_ERROR);
  EXPECT_TRUE(contains(gradvitals_last_error(), "cuda:99")) << gradvitals_last_error();
}

TEST_F(CMonitor, RecordsAHistoryAndGoesOnWithIt) {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.jsonl");
  gradvitals_options options = {};
  options.size = sizeof options;
  options.run = "mine";
  options.history = path.c_str();
  make(&options);
  watch();
  for (int i = 0; i < 3; ++i) step(1.0);
  EXPECT_TRUE(contains(read_file(path), "gradvitals.history/1"));
  const std::string before = read_file(path);

  gradvitals_monitor* second = nullptr;
  EXPECT_EQ(gradvitals_monitor_create(&options, &second), GRADVITALS_FILE_ERROR);
  EXPECT_TRUE(contains(gradvitals_last_error(), "run.jsonl"));
  make(nullptr);  // Closes it.
  EXPECT_EQ(gradvitals_monitor_create(&options, &second), GRADVITALS_FILE_ERROR);
  EXPECT_EQ(read_file(path), before);

  options.resumes = 1;
  options.resume_step = 3;
  make(&options);
  watch();
  step(1.0);
  EXPECT_GT(read_file(path).size(), before.size());
  const char* complaint = "";
  ASSERT_EQ(gradvitals_monitor_complaint(monitor(), &complaint), GRADVITALS_OK);
  EXPECT_EQ(complaint, nullptr);
}

TEST_F(CMonitor, SaysOnceThatTheHistoryIsNotComplete) {
  gradvitals_options options = {};
  options.size = sizeof options;
  options.history = "/dev/full";
  make(&options);
  watch();
  step(1.0);
  const char* complaint = nullptr;
  ASSERT_EQ(gradvitals_monitor_complaint(monitor(), &complaint), GRADVITALS_OK);
  ASSERT_NE(complaint, nullptr);
  EXPECT_TRUE(contains(complaint, "/dev/full")) << complaint;
  ASSERT_EQ(gradvitals_monitor_complaint(monitor(), &complaint), GRADVITALS_OK);
  EXPECT_EQ(complaint, nullptr);
}

TEST(CNotebook, SaysWhatTheNotebookSays) {
  gradvitals_notebook_metrics metrics = {};
  metrics.size = sizeof metrics;
  metrics.min_gradient = metrics.max_gradient = metrics.mean_gradient = 0.5;
  metrics.total_layers = 4;
  const char* text = nullptr;
  ASSERT_EQ(gradvitals_interpret_gradient_health(&metrics, &text), GRADVITALS_OK);
  EXPECT_TRUE(contains(text, "EXCELLENT")) << text;
}

}  // namespace
}  // namespace gradvitals::test
