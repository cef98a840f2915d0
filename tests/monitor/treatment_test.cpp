// Contract: monitor/treatment/treatment.h. Oracle: quantiles and limits by hand.
#include "monitor/treatment/treatment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tests/monitor/training_steps.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

constexpr TreatmentOptions kSkips{.skips = true};

/// One step whose gradients have this norm.
std::vector<TreatmentEvent> treat(Treatment& treatment, double norm, std::int64_t step,
                                  const StepContext& context = {},
                                  std::span<const Episode> episodes = {}) {
  return treatment.add(MadeStep{.kernels = 1, .gradient = norm}.metrics(step), context, episodes);
}

/// Norms of 1, and once in four 2.
void steady_norms(Treatment& treatment, int steps) {
  for (int i = 0; i < steps; ++i) treat(treatment, i % 4 == 3 ? 2.0 : 1.0, i);
}

Episode exploding(std::int64_t step, std::int64_t count = 3) {
  Episode episode;
  episode.finding.rule = RuleId::kLossGrowth;
  episode.finding.verdict = Verdict::kExploding;
  episode.finding.severity = kCritical;
  episode.last_step = step;
  episode.count = count;
  return episode;
}

TEST(Treatment, DoesNothingUnlessItIsAsked) {
  Treatment treatment({});
  steady_norms(treatment, 200);
  const std::vector<Episode> episodes{exploding(200)};
  treat(treatment, 1e9, 200, {}, episodes);
  EXPECT_EQ(treatment.controls(), StepControls{});
}

TEST(Treatment, ClipsToAGivenNormFromTheFirstStep) {
  Treatment treatment({.clips = true, .clip_norm = 0.5});
  EXPECT_EQ(treatment.controls().max_norm, 0.5);
  steady_norms(treatment, 200);
  EXPECT_EQ(treatment.controls().max_norm, 0.5);
}

TEST(Treatment, ClipsToAQuantileOnceEnoughIsKnown) {
  Treatment treatment({.clips = true, .clip_quantile = 0.75});
  steady_norms(treatment, 63);
  EXPECT_EQ(treatment.controls().max_norm, kInf);
  treat(treatment, 2.0, 63);
  EXPECT_DOUBLE_EQ(treatment.controls().max_norm, 1.0);
  Treatment higher({.clips = true, .clip_quantile = 0.76});
  steady_norms(higher, 64);
  EXPECT_DOUBLE_EQ(higher.controls().max_norm, 2.0);
}

TEST(Treatment, AClipIsToldOnceUntilItHasPaused) {
  Treatment treatment({.clips = true, .clip_norm = 1.0});
  const StepContext clipped{.clip_scale = 0.25};
  const std::vector<TreatmentEvent> first = treat(treatment, 4.0, 0, clipped);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].kind, TreatmentKind::kClip);
  EXPECT_EQ(first[0].before, 4.0);
  EXPECT_EQ(first[0].after, 1.0);
  EXPECT_TRUE(treat(treatment, 4.0, 1, clipped).empty());
  for (int i = 2; i < 34; ++i) treat(treatment, 0.5, i);
  EXPECT_EQ(treat(treatment, 4.0, 34, clipped).size(), 1u);
  EXPECT_EQ(treatment.counts().clipped_steps, 3);
}

TEST(Treatment, SkipsNonFiniteStepsAlwaysAndSpikesOnceEnoughIsKnown) {
  Treatment treatment(kSkips);
  EXPECT_TRUE(treatment.controls().skips_nonfinite);
  EXPECT_EQ(treatment.controls().skip_above_norm, kInf);
  for (int i = 0; i < 64; ++i) treat(treatment, 1.0, i);
  EXPECT_DOUBLE_EQ(treatment.controls().skip_above_norm, 5.0);
  const std::vector<TreatmentEvent> events = treat(treatment, 50.0, 64, {.is_skipped = true});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, TreatmentKind::kSkip);
  EXPECT_EQ(events[0].before, 50.0);
  EXPECT_EQ(events[0].step, 64);
  EXPECT_DOUBLE_EQ(treatment.controls().skip_above_norm, 5.0) << "a spike moves no limit";
}

TEST(Treatment, NaNEntersNoWindow) {
  Treatment treatment(kSkips);
  for (int i = 0; i < 64; ++i) treat(treatment, 1.0, i);
  for (int i = 0; i < 200; ++i) treat(treatment, kNaN, 64 + i, {.is_skipped = true});
  EXPECT_DOUBLE_EQ(treatment.controls().skip_above_norm, 5.0);
  EXPECT_EQ(treatment.counts().skipped_steps, 200);
}

TEST(Treatment, SaysOnceThatSkippingCannotHelpWhereWeightsAreLost) {
  const auto hopeless_events = [](double weight) {
    Treatment treatment(kSkips);
    for (int i = 0; i < 64; ++i) treat(treatment, 1.0, i);
    std::vector<TreatmentEvent> hopeless;
    for (int i = 64; i < 140; ++i) {
      const HealthMetrics lost = MadeStep{.gradient = kNaN, .weight = weight}.metrics(i);
      for (TreatmentEvent& event : treatment.add(lost, {.is_skipped = true}, {})) {
        if (event.text.find("cannot help") != std::string::npos) hopeless.push_back(event);
      }
    }
    EXPECT_EQ(treatment.counts().skipped_steps, 76);
    return hopeless;
  };
  const std::vector<TreatmentEvent> events = hopeless_events(kNaN);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].step, 64 + 15);
  EXPECT_EQ(events[0].text,
            "Weights hold NaN or Inf since step 64, dense_0/kernel for one: skipping cannot help. "
            "Resume from a checkpoint from before that step.");
  EXPECT_EQ(hopeless_events(kInf).size(), 1u);
  // Gradients alone: the next batch may be well.
  EXPECT_TRUE(hopeless_events(1.0).empty());
}

TEST(Treatment, TellsOfLostWeightsAfterAResumeAsItWouldHaveWithout) {
  std::vector<TreatmentEvent> hopeless;
  std::map<std::string, std::string> state;
  Treatment(kSkips).save_state(state);
  for (int i = 0; i < 40; ++i) {
    Treatment resumed(kSkips);
    resumed.load_state(state);
    const HealthMetrics lost = MadeStep{.gradient = kNaN, .weight = kNaN}.metrics(i);
    for (TreatmentEvent& event : resumed.add(lost, {.is_skipped = true}, {})) {
      if (event.text.find("cannot help") != std::string::npos) hopeless.push_back(event);
    }
    state.clear();
    resumed.save_state(state);
  }
  ASSERT_EQ(hopeless.size(), 1u);
  EXPECT_EQ(hopeless[0].step, 15);
  EXPECT_TRUE(hopeless[0].text.starts_with("Weights hold NaN or Inf since step 0,"));
}

TEST(Treatment, ALevelThatLastsIsSkippedNoMore) {
  Treatment treatment(kSkips);
  for (int i = 0; i < 64; ++i) treat(treatment, 1.0, i);
  int skipped = 0;
  for (int i = 0; i < 400; ++i) {
    const bool skips = 10.0 > treatment.controls().skip_above_norm;
    skipped += skips ? 1 : 0;
    treat(treatment, 10.0, 64 + i, {.is_skipped = skips});
  }
  EXPECT_EQ(skipped, 8);
  EXPECT_LT(treatment.controls().skip_above_norm, 100.0);
  EXPECT_GT(treatment.controls().skip_above_norm, 10.0);
}

TEST(Treatment, HalvesTheRateWhereAnExplosionLastsAndWaitsToSeeWhatThatDoes) {
  Treatment treatment({.cuts_learning_rate = true});
  const auto explode = [&](std::int64_t step, std::int64_t count) {
    const std::vector<Episode> episodes{exploding(step, count)};
    return treat(treatment, 1.0, step, {}, episodes);
  };
  EXPECT_TRUE(explode(10, 2).empty());
  const std::vector<TreatmentEvent> events = explode(11, 3);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].before, 1.0);
  EXPECT_EQ(events[0].after, 0.5);
  EXPECT_EQ(treatment.controls().learning_rate_factor, 0.5);
  EXPECT_TRUE(explode(42, 30).empty());
  EXPECT_EQ(explode(43, 31).size(), 1u);
  EXPECT_EQ(treatment.controls().learning_rate_factor, 0.25);
  for (int step = 100; step < 2000; ++step) explode(step, step);
  EXPECT_EQ(treatment.controls().learning_rate_factor, 1e-3);
}

TEST(Treatment, AnExplosionThatHasPassedOrOnlyInformsCutsNothing) {
  Treatment treatment({.cuts_learning_rate = true});
  std::vector<Episode> episodes{exploding(5), exploding(10), exploding(10)};
  episodes[1].is_open = false;
  episodes[2].finding.severity = kInfo;
  EXPECT_TRUE(treat(treatment, 1.0, 10, {}, episodes).empty());
}

TEST(Treatment, GoesOnFromItsStateWithTheSameBits) {
  const TreatmentOptions all{.clips = true, .skips = true, .cuts_learning_rate = true};
  Treatment unbroken(all);
  const auto feed = [](Treatment& treatment, int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::vector<Episode> episodes{exploding(i, i % 50)};
      const double norm = i % 37 == 0 ? 40.0 : rippled(0.3, 0.4, i * i);
      treat(treatment, norm, i,
            {.clip_scale = norm > treatment.controls().max_norm ? 0.5 : 1.0,
             .is_skipped = norm > treatment.controls().skip_above_norm},
            episodes);
    }
  };
  feed(unbroken, 0, 150);
  std::map<std::string, std::string> state;
  unbroken.save_state(state);
  Treatment resumed(all);
  resumed.load_state(state);
  EXPECT_EQ(resumed.controls(), unbroken.controls());
  feed(unbroken, 150, 300);
  feed(resumed, 150, 300);
  EXPECT_EQ(resumed.controls(), unbroken.controls());
  std::map<std::string, std::string> end_of_unbroken, end_of_resumed;
  unbroken.save_state(end_of_unbroken);
  resumed.save_state(end_of_resumed);
  EXPECT_EQ(end_of_resumed, end_of_unbroken);
}

TEST(Treatment, RefusesAStateThatIsNone) {
  Treatment treatment(kSkips);
  std::map<std::string, std::string> state;
  treatment.save_state(state);
  for (const auto& [name, text] : state) {
    auto without = state;
    without.erase(name);
    expect_invalid([&] { treatment.load_state(without); }, {name, "missing"});
    auto damaged = state;
    damaged[name] = "1 x";
    expect_invalid([&] { treatment.load_state(damaged); }, {name});
    damaged[name] = "nan";
    expect_invalid([&] { treatment.load_state(damaged); }, {name});
  }
}

TEST(Treatment, RefusesOptionsOutOfRange) {
  expect_invalid([] { Treatment({.clips = true, .clip_norm = 0.0}); }, {"norm to clip to", "0"});
  expect_invalid([] { Treatment({.clips = true, .clip_norm = kNaN}); }, {"norm to clip to"});
  expect_invalid([] { Treatment({.clip_quantile = 1.0}); }, {"quantile"});
  expect_invalid([] { Treatment({.cut_factor = 0.0}); }, {"factor"});
}

TEST(Treatment, RefusesAStateWhoseNumbersItCannotHaveWritten) {
  Treatment treatment({.skips = true, .cuts_learning_rate = true});
  std::map<std::string, std::string> state;
  treatment.save_state(state);
  const auto expect_refused = [&](const std::string& name, const std::string& text) {
    auto damaged = state;
    damaged[name] = text;
    expect_invalid([&] { treatment.load_state(damaged); }, {name});
  };
  for (const char* const factor : {"-3", "0", "9e-4", "1.1", "1e9"}) {
    expect_refused("treatment.learning_rate_factor", factor);
  }
  for (const std::string count : {"-1", "0.5", "1e16", "-9.2e18", "1e300"}) {
    expect_refused("treatment.last_cut", count);
    expect_refused("treatment.counts", "0 0 0 0 0 " + count);
  }
  for (const char* const norm : {"-400", "310", "1e300"}) {
    expect_refused("treatment.norms", norm);
  }
  state["treatment.learning_rate_factor"] = "0.001";
  state["treatment.last_cut"] = "9007199254740992";
  EXPECT_NO_THROW(treatment.load_state(state));
  EXPECT_EQ(treatment.controls().learning_rate_factor, 0.001);
}

}  // namespace
}  // namespace gradvitals::test
