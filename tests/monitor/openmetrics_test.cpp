// Contract: a run's state as OpenMetrics text. Oracle: lines by the specification; a package's parser
// reads it in tests/python/test_exports.py.
#include "monitor/report/export/openmetrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "tests/monitor/export_fixtures.h"
#include "tests/monitor/hostile_name.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

std::string page_of(const HealthMetrics& metrics, const TrajectoryReport& run,
                    const StepContext& context = {}) {
  RunGauges gauges;
  gauges.add(metrics, context);
  return openmetrics_text(gauges, run, {.version = "1.2", .device = "cpu", .gate = Severity::kOk});
}

HealthMetrics many_tensors(int count) {
  HealthMetrics metrics;
  for (int i = 0; i < count; ++i) {
    metrics.tensors.push_back(
        tensor_with_norm("t" + std::to_string(i), Role::kGradient, i, 1.0 + i));
    metrics.gradient_norms.push_back(1.0 + i);
  }
  return metrics;
}

TEST(OpenMetrics, TellsTheStateOfTheRun) {
  HealthMetrics metrics = named_metrics({0.5, 0.25});
  metrics.loss = 0.125;
  const std::string page = page_of(metrics, sick_run(), {.learning_rate = 0.01});
  for (const char* line :
       {"gradvitals_step{run=\"run\"} 199\n", "gradvitals_loss{run=\"run\"} 0.125\n",
        "gradvitals_learning_rate{run=\"run\"} 0.01\n",
        "gradvitals_tensor_gradient_norm{run=\"run\",tensor=\"dense/kernel\"} 0.5\n",
        "gradvitals_norm_range_ratio{run=\"run\"} 12.5\n", "gradvitals_severity{run=\"run\"} 2\n",
        "gradvitals_worst_severity{run=\"run\"} 3\n",
        "gradvitals_verdict{run=\"run\",verdict=\"vanishing\"} 1\n",
        "gradvitals_verdict{run=\"run\",verdict=\"healthy\"} 0\n",
        "gradvitals_finding{run=\"run\",rule=\"R2\",id=\"backward_factor\",verdict=\"vanishing\","
        "network="
        "\"\",tensor=\"w\"} 2\n",
        "gradvitals_findings_open{run=\"run\"} 1\n", "# TYPE gradvitals_steps counter\n",
        "gradvitals_steps_total{run=\"run\"} 200\n", "# UNIT gradvitals_norm_range_ratio ratio\n",
        "gradvitals_tensors_unlisted{run=\"run\"} 0\n"}) {
    EXPECT_TRUE(contains(page, line)) << line << "\n" << page;
  }
  EXPECT_FALSE(contains(page, "R17")) << "an episode that has ended";
  EXPECT_TRUE(page.ends_with("\n# EOF\n"));
  EXPECT_EQ(count_of(page, "# EOF"), 1);
}

TEST(OpenMetrics, WhatIsNotKnownHasNoSampleAndNoFamily) {
  const std::string page = page_of(named_metrics({0.5}), sick_run());
  EXPECT_FALSE(contains(page, "gradvitals_loss"));
  EXPECT_FALSE(contains(page, "gradvitals_learning_rate"));
  EXPECT_FALSE(contains(page, "gradvitals_backward_factor"));
}

TEST(OpenMetrics, WhatIsNotFiniteIsWrittenAndCounted) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  HealthMetrics metrics = named_metrics({nan, kInfinity});
  metrics.loss = -kInfinity;
  RunGauges gauges;
  gauges.add(metrics, {.is_skipped = true});
  gauges.add(metrics, {});
  const std::string page = openmetrics_text(
      gauges, sick_run(), {.version = "1", .device = "cpu", .gate = Severity::kOk});
  EXPECT_TRUE(contains(page, "tensor=\"dense/kernel\"} NaN\n")) << page;
  EXPECT_TRUE(contains(page, "tensor=\"dense/bias\"} +Inf\n"));
  EXPECT_TRUE(contains(page, "gradvitals_loss{run=\"run\"} -Inf\n"));
  EXPECT_TRUE(contains(page, "gradvitals_nonfinite_values_total{run=\"run\"} 4\n"));
  EXPECT_TRUE(contains(page, "gradvitals_skipped_steps_total{run=\"run\"} 1\n"));
}

TEST(OpenMetrics, TenThousandTensorsStaySmallAndThoseOfFindingsAreListed) {
  const HealthMetrics metrics = many_tensors(10'000);
  const std::string with = page_of(metrics, sick_run("run", "t9999"));
  EXPECT_LT(with.size(), 40'000U);
  const int listed = count_of(with, "gradvitals_tensor_gradient_norm{");
  EXPECT_LE(listed, 256);
  EXPECT_GE(listed, 120);
  EXPECT_TRUE(contains(with, "tensor=\"t9999\"} 10000\n"));
  EXPECT_TRUE(contains(with, "gradvitals_tensors{run=\"run\"} 10000\n"));
  EXPECT_TRUE(contains(
      with, "gradvitals_tensors_unlisted{run=\"run\"} " + std::to_string(10'000 - listed) + "\n"));
  // The others are the same, whatever is found: a series that comes and goes tells nothing.
  const std::string without = page_of(metrics, sick_run("run", ""));
  EXPECT_EQ(count_of(without, "gradvitals_tensor_gradient_norm{"), listed - 1);
}

TEST(OpenMetrics, ListsAllOfAsManyAsItMay) {
  const std::string page = page_of(many_tensors(256), sick_run());
  EXPECT_EQ(count_of(page, "gradvitals_tensor_gradient_norm{"), 256);
  EXPECT_TRUE(contains(page, "gradvitals_tensors_unlisted{run=\"run\"} 0\n"));
}

TEST(OpenMetrics, EscapesLabelsAndKeepsThemApart) {
  HealthMetrics metrics = metrics_from_norms({1.0, 2.0, 3.0});
  metrics.gradient_names = {Name(hostile_name()), Name("a\xfe"), Name("a\xff")};
  const std::string page = page_of(metrics, sick_run(hostile_name(), hostile_name()));
  EXPECT_TRUE(contains(page, "=1+1\\\"'<script>&]]>|`@team`\\n::error::x")) << page;
  EXPECT_TRUE(contains(page, "tensor=\"a\uFFFD\"} 2\n")) << page;
  EXPECT_TRUE(contains(page, "tensor=\"a\uFFFD (2)\"} 3\n")) << page;
  EXPECT_FALSE(contains(page, "\r"));
  EXPECT_FALSE(contains(page, "\xff"));
}

TEST(OpenMetrics, NoSampleStandsTwice) {
  const std::string page = page_of(many_tensors(1000), sick_run("run", "t5"));
  std::set<std::string> seen;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = page.find('\n', at);
    const std::string line = page.substr(at, end - at);
    if (!line.starts_with("#")) {
      EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
    at = end + 1;
  }
}

TEST(OpenMetrics, UsesTheTypesThatTheNodeExporterKnows) {
  const std::string page = page_of(named_metrics({0.5}), sick_run());
  EXPECT_EQ(count_of(page, "# TYPE "), count_of(page, " gauge\n") + count_of(page, " counter\n"));
}

}  // namespace
}  // namespace gradvitals::test
