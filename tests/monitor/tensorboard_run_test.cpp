// Contract: monitor/report/tensorboard/. Oracle: by hand; the records' texts stand in them as they
// are, and tests/python/test_tensorboard.py reads all of it with TensorBoard's own package.
#include "monitor/report/tensorboard/tensorboard_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/tensorboard/event_markdown.h"
#include "monitor/report/tensorboard/tensor_tags.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/monitor/history_fixtures.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

HealthEvent overflow_event(HealthEventKind kind = HealthEventKind::kBegan) {
  HealthEvent event;
  event.kind = kind;
  event.step = 12;
  event.episode.first_step = 10;
  event.episode.last_step = 12;
  event.episode.peak_step = 11;
  Finding& finding = event.episode.finding;
  finding.rule = RuleId::kNonFinite;
  finding.severity = kCritical;
  finding.tensor = "dense/kernel";
  finding.value = 3.0;
  finding.threshold = 0.0;
  finding.text = "3 elements of dense/kernel are NaN.";
  finding.advice = {"Lower the rate", "Clip"};
  return event;
}

class TensorBoardRunTest : public testing::Test {
 protected:
  std::string add(const HealthMetrics& metrics, std::vector<HealthEvent> events = {}) {
    return run_.add({.step = *metrics.step,
                     .metrics = metrics,
                     .context = context_,
                     .signs = signs_,
                     .events = events,
                     .histograms = histograms_},
                    1.0);
  }

  TensorBoardRun run_{{.run = "r", .settings = {}}};
  StepContext context_{.learning_rate = 0.01};
  VitalSigns signs_;
  std::vector<TensorHistogram> histograms_;
};

TEST_F(TensorBoardRunTest, AStepHasItsLossItsNormsAndItsTensors) {
  const std::string records = add(light_step(0));
  for (const char* tag :
       {"training/loss", "training/gradient_norm", "training/learning_rate",
        "gradient_norm/dense/kernel", "gradient_norm/dense/bias", "gradient_zeros/dense/kernel",
        "weight_norm/dense/kernel", "weight_norm/dense/bias", "update_ratio/dense/kernel"}) {
    EXPECT_EQ(count_of(records, tag), 1) << tag;
  }
  for (const char* absent : {"vital_signs", "histogram", "findings", "nonfinite", "clip_scale",
                             "skipped", "cosine", "noise_scale", "update_ratio/dense/bias"}) {
    EXPECT_FALSE(contains(records, absent)) << absent;
  }
}

TEST_F(TensorBoardRunTest, WhatTagsMeanIsSaidOnce) {
  EXPECT_TRUE(contains(add(light_step(0)), "L2 norm of all gradients together"));
  EXPECT_FALSE(contains(add(light_step(1)), "L2 norm of all gradients together"));
}

TEST_F(TensorBoardRunTest, ACheckupBringsVitalSignsAndHistograms) {
  signs_.oxygen.backward_factor = 0.5;
  histograms_ = {{"dense/kernel", Role::kGradient, {}}, {"dense/kernel", Role::kWeight, {}}};
  histograms_[0].histogram.bins[5] = 7;
  histograms_[1].histogram.bins[6] = 7;
  EXPECT_FALSE(contains(add(light_step(0)), "vital_signs"));
  context_.is_checkup = true;
  const std::string records = add(light_step(1));
  EXPECT_TRUE(contains(records, "vital_signs/backward_factor"));
  EXPECT_FALSE(contains(records, "vital_signs/gradient_spread")) << "it is not known";
  EXPECT_TRUE(contains(records, "gradient_histogram/dense/kernel"));
  EXPECT_TRUE(contains(records, "weight_histogram/dense/kernel"));
}

TEST_F(TensorBoardRunTest, WhatIsNotFiniteIsCountedFromItsFirstStepOn) {
  HealthMetrics metrics = light_step(1);
  EXPECT_FALSE(contains(add(light_step(0)), "gradient_nonfinite"));
  metrics.tensors[0].stats.nan_count = 1;
  metrics.gradient_norms[0] = kNaN;
  EXPECT_EQ(count_of(add(metrics), "gradient_nonfinite"), 1);
  EXPECT_EQ(count_of(add(light_step(2)), "gradient_nonfinite/dense/kernel"), 1);
}

TEST_F(TensorBoardRunTest, ClippingAndSkippingAreShownFromTheirFirstStepOn) {
  context_.clip_scale = 0.5;
  EXPECT_TRUE(contains(add(light_step(0)), "training/clip_scale"));
  context_.clip_scale = 1.0;
  context_.is_skipped = true;
  const std::string records = add(light_step(1));
  EXPECT_TRUE(contains(records, "training/clip_scale"));
  EXPECT_TRUE(contains(records, "training/skipped"));
}

TEST_F(TensorBoardRunTest, LongRunsShowFewerTensorsButAllEventsAndEveryLoss) {
  std::int64_t shown = 0;
  for (std::int64_t step = 0; step < 11'000; ++step) {
    const bool tells = step == 10'001;
    const bool is_broken = step == 10'002;
    HealthMetrics metrics = light_step(step);
    if (is_broken) metrics.gradient_norms[0] = kNaN;
    const std::string records =
        add(metrics, tells ? std::vector{overflow_event()} : std::vector<HealthEvent>{});
    ASSERT_TRUE(contains(records, "training/loss")) << step;
    const bool has_tensors = contains(records, "weight_norm/dense/kernel");
    if (tells || is_broken || step == 10'003) {
      EXPECT_TRUE(has_tensors) << step;
    } else {
      shown += has_tensors ? 1 : 0;
    }
  }
  EXPECT_EQ(shown, 1000 + 900 + 10);
}

TEST_F(TensorBoardRunTest, ASeriesOfAnyLengthIsThinnedByDecades) {
  std::int64_t shown = 0;
  for (std::int64_t i = 0; i < 1'000'000; ++i) shown += TensorBoardRun::is_shown(i, 100) ? 1 : 0;
  EXPECT_EQ(shown, 100 + 4 * 90);
  EXPECT_TRUE(TensorBoardRun::is_shown(99, 100));
  EXPECT_FALSE(TensorBoardRun::is_shown(101, 100));
  EXPECT_TRUE(TensorBoardRun::is_shown(110, 100));
}

TEST_F(TensorBoardRunTest, NormsWithoutTensorsHaveTheirNames) {
  HealthMetrics metrics = metrics_from_norms({0.5, 0.25});
  metrics.step = 0;
  metrics.gradient_names = {"grad_norm/fc1", "grad_norm/fc2"};
  EXPECT_TRUE(contains(add(metrics), "gradient_norm/grad_norm/fc2"));
}

TEST_F(TensorBoardRunTest, FindingsAreTextsUnderTheirRule) {
  const std::string records = add(light_step(12), {overflow_event()});
  EXPECT_TRUE(contains(records, "findings/R1_NaN_or_Inf"));
  EXPECT_TRUE(contains(records, "- Lower the rate"));
}

TEST_F(TensorBoardRunTest, AFileBeginsWithWhatItHolds) {
  const TensorBoardRun run(
      {.run = "<b>net</b> |x|", .settings = {{"learning rate", "1e-3"}}, .has_histograms = true});
  const std::string first = run.begin(1.0, 0, /*is_resumed=*/false);
  EXPECT_TRUE(contains(first, "brain.Event:2"));
  EXPECT_TRUE(contains(first, "**&lt;b&gt;net&lt;/b&gt; \\|x\\|**"));
  EXPECT_TRUE(contains(first, "| learning rate | 1e-3 |"));
  EXPECT_TRUE(contains(first, "gradient\\_histogram"));
  EXPECT_TRUE(contains(first, "the first 1000 steps are here, then every 10th up to step 10000"));
  EXPECT_FALSE(contains(run_.begin(1.0, 0, false), "gradient\\_histogram"));
}

TEST(EventMarkdown, AnEventSaysWhatWhereWhenAndWhatToDo) {
  EXPECT_EQ(event_markdown(overflow_event()),
            "**🚨 CRITICAL: R1 NaN or Inf: dense/kernel** began\n\n"
            "3 elements of dense/kernel are NaN.\n\n"
            "value 3, limit 0, in steps 10 to 12, worst in step 11\n\n"
            "- Lower the rate\n- Clip\n");
  EXPECT_FALSE(contains(event_markdown(overflow_event(HealthEventKind::kEnded)), "- Clip"));
}

TEST(EventMarkdown, ARuleWithoutATitleSaysItsVerdict) {
  HealthEvent event = overflow_event();
  event.episode.finding.rule = RuleId::kLossGrowth;
  event.episode.finding.verdict = Verdict::kExploding;
  EXPECT_TRUE(
      event_markdown(event).starts_with("**🚨 CRITICAL: R17: dense/kernel (exploding)** began\n\n"))
      << event_markdown(event);
}

TEST(EventMarkdown, NothingInATextIsMarkdownOrHtml) {
  EXPECT_EQ(plain_markdown("a*b_c`d`[e](f)\\|<g>&\n1. h"),
            "a\\*b\\_c\\`d\\`\\[e\\](f)\\\\\\|&lt;g&gt;&amp;\\\\n1. h");
  EXPECT_EQ(plain_markdown("12. list"), "12\\. list");
  EXPECT_EQ(plain_markdown("- list"), "\\- list");
  EXPECT_EQ(plain_markdown("# head # line"), "\\# head # line");
  EXPECT_EQ(plain_markdown(""), "");
}

TEST(TensorTags, NamesOfAnyBytesAreSafe) {
  EXPECT_EQ(safe_tag("dense/kernel"), "dense/kernel");
  EXPECT_EQ(safe_tag("layers.0.weight"), "layers.0.weight");
  EXPECT_EQ(safe_tag("['params']['dense']['kernel']"), "params/dense/kernel");
  EXPECT_EQ(safe_tag("//a//b/"), "a/b");
  EXPECT_EQ(safe_tag("<script>alert(1)</script>"), "_script_alert_1__/script_");
  EXPECT_EQ(safe_tag("größe\xFF\n"), "größe\xEF\xBF\xBD_n");
  EXPECT_EQ(safe_tag(""), "unnamed");
  EXPECT_EQ(safe_tag("///"), "unnamed");
  const std::string long_tag = safe_tag(std::string(5000, 'x'));
  EXPECT_LE(display_width(long_tag), 120);
}

TEST(TensorTags, NamesThatDifferHaveTagsThatDiffer) {
  TensorTags tags;
  EXPECT_EQ(tags.tag_of("a b"), "a_b");
  EXPECT_EQ(tags.tag_of("a(b"), "a_b_2");
  EXPECT_EQ(tags.tag_of("a_b"), "a_b_3");
  EXPECT_EQ(tags.tag_of("a(b"), "a_b_2") << "it stays";
  EXPECT_NE(tags.tag_of(std::string(500, 'x')), tags.tag_of(std::string(501, 'x')));
}

}  // namespace
}  // namespace gradvitals::test
