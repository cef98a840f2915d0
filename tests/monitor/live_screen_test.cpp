// Contract: a screen of a run fits its terminal whatever the size and the names, says the verdict first,
// then what is wrong, where and what to do, and shows what is not finite or not known as that. Oracle: the
// texts below, and the widths that they have.
#include "monitor/report/live/live_screen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr TextStyle kPlainScreen{};
constexpr TextStyle kAsciiScreen{.ascii = true};
constexpr TextStyle kColorScreen{.color = true};

Episode open_episode(RuleId rule, Verdict verdict, std::int64_t first, std::string tensor) {
  Episode episode;
  episode.finding.rule = rule;
  episode.finding.verdict = verdict;
  episode.finding.severity = kCritical;
  episode.finding.tensor = std::move(tensor);
  episode.finding.text = "Gradients grow 290x on their way to the first layer, 17x per layer.";
  episode.finding.advice = {"Initialise with smaller weights", "Clip gradients by their norm"};
  episode.first_step = first;
  return episode;
}

LiveTensor live_gradient(std::string name, double norm) {
  return {.name = std::move(name),
          .norm = {.last = norm, .course = {1.0, 0.1, norm}},
          .to_weight = 0.25};
}

LiveState healthy_screen() {
  LiveState state;
  state.name = "64-32-relu-10 on digits";
  state.activity = "training";
  state.way_out = "Ctrl-C ends the training";
  state.step = 500;
  state.steps = 1000;
  state.epoch = 3;
  state.epochs = 5;
  state.learning_rate = 0.001;
  state.loss = {.last = 0.0832, .course = {2.3, 1.0, 0.3, 0.0832}};
  state.norm = {.last = 1.25, .course = {0.1, 0.5, 1.25}};
  state.judged_steps = 500;
  state.tensors = {live_gradient("dense/kernel", 0.5), live_gradient("dense/bias", 0.125)};
  state.gradients = 2;
  return state;
}

LiveState sick_screen() {
  LiveState state = healthy_screen();
  state.verdict = Verdict::kExploding;
  state.severity = kCritical;
  state.open = {open_episode(RuleId::kLargeGradients, Verdict::kExploding, 14, "dense/bias"),
                open_episode(RuleId::kBackwardFactor, Verdict::kExploding, 12, "dense_1/kernel")};
  state.open.front().finding.consequence_of = RuleId::kBackwardFactor;
  for (const Episode& episode : state.open) {
    state.events.push_back({HealthEventKind::kBegan, episode.first_step, episode});
  }
  state.signs.blood_pressure = {.network = "", .range_ratio = 2e4, .status = VitalStatus::kHigh};
  state.tensors.front().norm.last = kNaN;
  state.tensors.front().nonfinite = 17;
  state.messages = {"an incident was written"};
  return state;
}

LiveState hostile_screen() {
  LiveState state = sick_screen();
  const std::string hostile = "\x1b[2J\x1b[1;1H\n\r\t\x01\xff\xc0\x80 \u202e right \u0301\u0301";
  state.name = state.activity = state.way_out = hostile;
  state.open.back().finding.tensor = state.open.back().finding.text = hostile;
  state.open.back().finding.advice = {hostile, std::string(5000, 'x'), ""};
  for (LiveTensor& tensor : state.tensors) tensor.name = hostile + std::string(300, 'y');
  state.tensors.push_back(live_gradient(hostile, kInf));
  state.tensors.back().name = "層層層層層層層層層層層層層層層層層層層層/重み";
  state.messages = {hostile};
  state.events.back().episode.finding.text = hostile;
  state.score = {hostile, hostile};
  return state;
}

/// Without escapes for colours; what is left of others stays.
std::string without_color(const std::string& line) {
  std::string text;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const std::size_t end = line.find_first_not_of("0123456789;", at + 2);
    const bool is_color = line[at] == '\x1b' && end != std::string::npos && line[end] == 'm';
    if (is_color) {
      at = end;
    } else {
      text += line[at];
    }
  }
  return text;
}

std::string text_of_screen(const LiveState& state, int columns, int rows,
                           TextStyle style = kPlainScreen) {
  std::string text;
  for (const std::string& line : live_screen(state, {columns, rows}, style)) text += line + '\n';
  return text;
}

TEST(LiveScreen, FitsEverySizeAndRefusesNone) {
  LiveState nothing;
  nothing.activity = "waiting: there is no run.jsonl yet";
  for (const LiveState& state : {nothing, healthy_screen(), sick_screen(), hostile_screen()}) {
    for (const TextStyle style : {kPlainScreen, kAsciiScreen, kColorScreen}) {
      for (const int columns : {0, 1, 2, 3, 7, 12, 13, 20, 39, 40, 69, 70, 80, 120, 200}) {
        for (const int rows : {0, 1, 2, 3, 5, 10, 12, 24, 60}) {
          const auto lines = live_screen(state, {columns, rows}, style);
          ASSERT_LE(std::ssize(lines), rows) << columns;
          for (const std::string& line : lines) {
            const std::string shown = without_color(line);
            ASSERT_LE(display_width(shown), columns) << shown;
            const bool is_clean = std::ranges::none_of(shown, [&style](char letter) {
              const auto byte = static_cast<unsigned char>(letter);
              return byte < 0x20 || byte == 0x7f || (style.ascii && byte >= 0x80);
            });
            ASSERT_TRUE(is_clean) << shown;
          }
        }
      }
    }
  }
}

TEST(LiveScreen, SaysTheVerdictFirst) {
  const auto first_line = [](const LiveState& state) {
    return live_screen(state, {80, 24}, kPlainScreen).front();
  };
  EXPECT_EQ(first_line(healthy_screen()), "HEALTHY  500 steps judged");
  EXPECT_EQ(first_line(sick_screen()), "EXPLODING  critical since step 12");
  EXPECT_EQ(first_line({}), "NOTHING YET  no step was judged so far");
  LiveState mended = healthy_screen();
  mended.worst = open_episode(RuleId::kDeadUnits, Verdict::kDead, 3, "dense");
  mended.worst->last_step = 70;
  EXPECT_EQ(first_line(mended), "HEALTHY  500 steps judged; it was dead from step 3 to 70");
}

TEST(LiveScreen, SaysWhatIsWrongWhereAndWhatToDoInTwelveRows) {
  const std::string text = text_of_screen(sick_screen(), 40, 12);
  EXPECT_TRUE(contains(text, "critical R2 since step 12 in dense…ernel")) << text;
  EXPECT_TRUE(contains(text, "Gradients grow 290x")) << text;
  EXPECT_TRUE(contains(text, "What to do: Initialise with")) << text;
  EXPECT_TRUE(contains(text, "Loss  0.0832")) << text;
  EXPECT_TRUE(contains(text_of_screen(sick_screen(), 60, 12), " in dense_1/kernel"));
}

TEST(LiveScreen, LeavesOutWhatTellsLeastFirst) {
  const auto lines = [](int rows) { return live_screen(sick_screen(), {80, rows}, kPlainScreen); };
  EXPECT_TRUE(contains(lines(1).front(), "EXPLODING"));
  EXPECT_TRUE(contains(lines(2).at(1), "R2 backward factor since step 12 in dense_1/kernel"));
  EXPECT_TRUE(contains(lines(3).at(2), "Gradients grow"));
  EXPECT_TRUE(contains(lines(4).at(3), "What to do"));
  EXPECT_FALSE(contains(text_of_screen(sick_screen(), 80, 10), "Vital signs"));
  const std::string whole = text_of_screen(sick_screen(), 80, 40);
  for (const char* const part :
       {"step 500 of 1000", "learning rate 0.001", "epoch 3 of 5", "Vital signs", "2e+04     high",
        "Worst gradients of 2", "Events", "step 12      critical R2 began", "an incident was",
        "Ctrl-C ends", "Follow from that: R8 large gradients (step 14)", "Also: Clip gradients"}) {
    EXPECT_TRUE(contains(whole, part)) << part << '\n' << whole;
  }
  // Sections stand apart where there is room, and only there.
  EXPECT_TRUE(contains(whole, "\n\nVital signs"));
  EXPECT_FALSE(contains(text_of_screen(sick_screen(), 80, 12), "\n\n"));
}

TEST(LiveScreen, ASentenceThatIsCutSaysSo) {
  const std::string text = text_of_screen(sick_screen(), 40, 3);
  EXPECT_TRUE(contains(text, "  Gradients grow 290x on their way to ..\n")) << text;
}

TEST(LiveScreen, WhatACauseThatIsOverExplainedIsACauseItself) {
  LiveState state = sick_screen();
  state.open.pop_back();
  const std::string text = text_of_screen(state, 80, 24);
  EXPECT_TRUE(contains(text, "critical R8 large gradients since step 14 in dense/bias")) << text;
  EXPECT_FALSE(contains(text, "Follow from that"));
}

TEST(LiveScreen, ShowsWhatIsNotFiniteMissingOrUnknownAsThat) {
  LiveState state = sick_screen();
  state.loss = {.last = kNaN, .course = {1.0, kNaN, kNaN}};
  state.norm = {};
  state.tensors.push_back(live_gradient("dense_2/kernel", 0.0));
  state.tensors.back().exists = false;
  state.tensors.push_back(live_gradient("dense_3/kernel", 0.0));
  state.tensors.back().norm.course = {0.0, 0.0};
  state.tensors.back().to_weight.reset();
  const std::string text = text_of_screen(state, 80, 40);
  EXPECT_TRUE(contains(text, "Loss            NaN       ▅xx  1 to 1, x: NaN or Inf")) << text;
  EXPECT_TRUE(contains(text, "Gradient norm   -         not recorded")) << text;
  EXPECT_TRUE(contains(text, "dense/kernel              NaN       0.25      17")) << text;
  EXPECT_TRUE(contains(text, "dense_2/kernel            no gradient\n")) << text;
  EXPECT_TRUE(contains(text, "dense_3/kernel            0         -         0          zero\n"))
      << text;
  EXPECT_TRUE(contains(text, "Oxygen          -         unknown")) << text;
}

TEST(LiveScreen, ColorsAreNeverTheOnlySign) {
  const auto squeezed_text = [](std::string text) {
    std::erase(text, ' ');
    return text;
  };
  for (const LiveState& state : {healthy_screen(), sick_screen()}) {
    const std::string colored = text_of_screen(state, 80, 40, kColorScreen);
    EXPECT_NE(colored, without_color(colored));
    EXPECT_EQ(squeezed_text(without_color(colored)),
              squeezed_text(text_of_screen(state, 80, 40, kPlainScreen)));
    EXPECT_EQ(text_of_screen(state, 80, 40, kPlainScreen),
              without_color(text_of_screen(state, 80, 40, kPlainScreen)));
  }
}

TEST(LiveScreen, WideNamesKeepTheColumnsInPlace) {
  LiveState state = healthy_screen();
  state.tensors.push_back(live_gradient("層層層層層層層層層層層層層層層層層層/重み", 0.75));
  const auto column_of = [&state](const std::string& norm) {
    for (const std::string& line : live_screen(state, {80, 40}, kPlainScreen)) {
      const std::size_t at = line.find(norm + "  ");
      if (at != std::string::npos && contains(line, "0.25 ")) {
        return display_width(line.substr(0, at));
      }
    }
    return -1;
  };
  EXPECT_GT(column_of("0.75"), 0);
  EXPECT_EQ(column_of("0.75"), column_of("0.125"));
}

TEST(LiveScreen, AFindingThatOnlyInformsTakesALine) {
  LiveState state = healthy_screen();
  state.open = {open_episode(RuleId::kWeakGradients, Verdict::kVanishing, 9, "dense/bias")};
  state.open.front().finding.severity = kInfo;
  const std::string text = text_of_screen(state, 80, 40);
  EXPECT_TRUE(contains(text, "info R5 weak gradients since step 9: Gradients grow")) << text;
  EXPECT_FALSE(contains(text, "What to do"));
}

TEST(LiveScreen, TheBarIsFullAtTheEndAndNotThereWithoutAnEnd) {
  LiveState state = healthy_screen();
  EXPECT_TRUE(
      contains(text_of_screen(state, 120, 24, kAsciiScreen), "  [==============              ]"));
  state.step = 1000;
  EXPECT_TRUE(
      contains(text_of_screen(state, 120, 24, kAsciiScreen), "  [============================]"));
  state.steps = 0;
  EXPECT_FALSE(contains(text_of_screen(state, 120, 24, kAsciiScreen), "["));
}

}  // namespace
}  // namespace gradvitals::test
