// Contract under test: gradients dumped by PyTorch, through the safetensors reader and
// tensor_stats. Oracle: PyTorch's and NumPy's own figures in float64, recorded. Exact but for
// norms. The verdicts are written by hand, after what was dumped.
#include <gtest/gtest.h>

#include <vector>

#include "framework/io/gradient_dump.h"
#include "framework/io/safetensors.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/tensor_stats.h"
#include "monitor/gradient_monitor.h"
#include "monitor/rules/diagnosis.h"
#include "tests/golden/golden_file.h"
#include "tests/golden/golden_test.h"
#include "tests/support/expect_close.h"
#include "tests/support/tensor_records.h"

namespace gradvitals::test {
namespace {

std::vector<TensorStats> stats_of(Stream& stream, const SafetensorsFile& file) {
  return tensor_records(stream, GradientDump(stream, file.tensors()).views());
}

void expect_tensor(const SafetensorsEntry& entry, const TensorStats& stats,
                   const nlohmann::json& expected) {
  SCOPED_TRACE(entry.name);
  EXPECT_EQ(entry.name, expected.at("name").get<std::string>());
  EXPECT_EQ(name(entry.dtype), expected.at("dtype").get<std::string>());
  EXPECT_EQ(stats.count, expected.at("count").get<std::int64_t>());
  expect_close(stats.l2_norm(), expected.at("l2_norm").get<double>(), kGoldenStatistic);
  const nlohmann::json& rms = expected.at("rms");
  EXPECT_EQ(stats.finite_count() == 0, rms.is_null()) << "only an empty mean has no value";
  if (!rms.is_null()) expect_close(stats.rms(), rms.get<double>(), kGoldenStatistic);
  if (stats.finite_count() > 0) {
    EXPECT_EQ(stats.max_abs, expected.at("max_abs").get<double>());
  }
  const nlohmann::json& smallest = expected.at("min_abs_nonzero");
  EXPECT_EQ(stats.min_abs_nonzero,
            smallest.is_null() ? std::numeric_limits<double>::infinity() : smallest.get<double>());
  EXPECT_EQ(stats.zero_count, expected.at("zero_count").get<std::int64_t>());
  EXPECT_EQ(stats.subnormal_count, expected.at("subnormal_count").get<std::int64_t>());
  EXPECT_EQ(stats.nan_count, expected.at("nan_count").get<std::int64_t>());
  EXPECT_EQ(stats.inf_count, expected.at("inf_count").get<std::int64_t>());
  const nlohmann::json& first = expected.at("first_nonfinite_index");
  EXPECT_EQ(stats.first_nonfinite_index, first.is_null() ? -1 : first.get<std::int64_t>());
}

class GoldenGradients : public GoldenTest {};

TEST_P(GoldenGradients, HaveTheRecordedStatistics) {
  const SafetensorsFile file(golden_path("gradients", recording(), ".safetensors"));
  const std::vector<TensorStats> stats = stats_of(stream(), file);
  const nlohmann::json expected = read_expected("gradients", recording()).at("tensors");
  ASSERT_GT(expected.size(), 0U);
  ASSERT_EQ(file.tensors().size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expect_tensor(file.tensors()[i], stats[i], expected[i]);
  }
}

TEST_P(GoldenGradients, GetTheVerdictTheyDeserve) {
  const SafetensorsFile file(golden_path("gradients", recording(), ".safetensors"));
  const GradientDump dump(stream(), file.tensors());
  const Diagnosis diagnosis =
      diagnose(GradientMonitor(stream()).inspect(dump.views()), Thresholds{});
  EXPECT_EQ(name(diagnosis.verdict),
            read_expected("gradients", recording()).at("verdict").get<std::string>())
      << (diagnosis.findings.empty() ? "" : diagnosis.findings.front().text);
}

INSTANTIATE_TEST_SUITE_P(Dumps, GoldenGradients, on_all_devices("gradients"), golden_case_name);

}  // namespace
}  // namespace gradvitals::test
