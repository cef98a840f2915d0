// How far the run is, and the course of its loss and norm.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "kernels/runtime/utf8.h"
#include "monitor/report/live/live_section.h"
#include "monitor/report/sparkline.h"

namespace gradvitals {
namespace {

std::string name_line(const LiveState& state, const LiveCanvas& canvas) {
  ScreenLine text = canvas.line();
  const int activity = display_width(screen_text(state.activity, canvas.style));
  const int room = std::max(canvas.size.columns - activity - 2, 0);
  text.add(cut_from_middle(screen_text(state.name, canvas.style), room, canvas.style),
           Ink::kStrong);
  if (!state.activity.empty()) text.go_to(text.width() + 2).add(state.activity, Ink::kFaint);
  return text.text();
}

std::string progress_bar(const LiveState& state, int columns, bool ascii) {
  const double share = std::clamp(
      static_cast<double>(state.step.value_or(0)) / static_cast<double>(state.steps), 0.0, 1.0);
  const int room = ascii ? columns - 2 : columns;
  const int filled = static_cast<int>(share * room);
  std::string text = ascii ? "[" : "";
  for (int i = 0; i < room; ++i) {
    if (ascii) {
      text += i < filled ? '=' : ' ';
    } else {
      text += i < filled ? "█" : "░";
    }
  }
  return text + (ascii ? "]" : "");
}

std::string seconds_words(std::int64_t seconds) {
  if (seconds < 100) return fmt::format("{} s left", seconds);
  if (seconds < 100 * 60) return fmt::format("{} min left", seconds / 60);
  return fmt::format("{} h left", seconds / 3600);
}

std::string state_line(const LiveState& state, const LiveCanvas& canvas) {
  constexpr int kGap = 2;
  constexpr int kWidestBar = 30;
  std::vector<std::string> pieces;
  if (state.step) {
    pieces.push_back(state.steps > 0 ? fmt::format("step {} of {}", *state.step, state.steps)
                                     : fmt::format("step {}", *state.step));
  }
  if (state.score) pieces.push_back(fmt::format("{} {}", state.score->first, state.score->second));
  if (state.learning_rate) {
    pieces.push_back("learning rate " + live_number(*state.learning_rate));
  }
  if (state.epoch > 0) pieces.push_back(fmt::format("epoch {} of {}", state.epoch, state.epochs));
  if (state.seconds_left) pieces.push_back(seconds_words(*state.seconds_left));
  ScreenLine text = canvas.line();
  for (const std::string& piece : pieces) {
    const int gap = text.width() > 0 ? kGap : 0;
    if (text.width() > 0 && display_width(piece) + gap > text.room()) continue;
    text.go_to(text.width() + gap).add(piece);
  }
  const int bar_room = std::min(text.room() - kGap, kWidestBar);
  if (state.steps > 0 && bar_room >= 10)
    text.go_to(text.width() + kGap).add(progress_bar(state, bar_room, canvas.style.ascii));
  return text.text();
}

std::string signal_line(std::string_view label, const LiveSignal& signal,
                        const LiveCanvas& canvas) {
  constexpr int kNumberWidth = 9;
  ScreenLine text = canvas.line();
  const bool is_finite = !signal.last || std::isfinite(*signal.last);
  const int value_column = canvas.is_wide() ? kLiveLabelWidth : 6;
  text.add(label).go_to(value_column);
  text.add(live_number(signal.last), is_finite ? Ink::kStrong : Ink::kCritical);
  text.go_to(value_column + kNumberWidth + 1);
  if (signal.course.size() < 2) {
    if (!signal.last) text.add("not recorded", Ink::kFaint);
    return text.text();
  }
  SparkRange range;
  widen(range, signal.course);
  std::string words;
  if (range.high > 0.0) {
    words = fmt::format("{} to {}", live_number(range.low), live_number(range.high));
  }
  const bool has_gaps =
      !std::ranges::all_of(signal.course, [](double value) { return std::isfinite(value); });
  if (has_gaps) words += words.empty() ? "x: NaN or Inf" : ", x: NaN or Inf";
  if (!canvas.is_wide()) words.clear();
  const int room = text.room() - (words.empty() ? 0 : static_cast<int>(words.size()) + 2);
  text.add(sparkline(squeezed_course(signal.course, room), range, canvas.style), Ink::kNotice);
  if (!words.empty()) text.go_to(text.width() + 2).add(words, Ink::kFaint);
  return text.text();
}

}  // namespace

LiveSection course_section(const LiveState& state, const LiveCanvas& canvas) {
  LiveSection section;
  section.lines.push_back({name_line(state, canvas), 10});
  const std::string progress = state_line(state, canvas);
  if (!progress.empty()) section.lines.push_back({progress, 4});
  if (state.judged_steps == 0) return section;
  section.lines.push_back({signal_line("Loss", state.loss, canvas), 6});
  section.lines.push_back(
      {signal_line(canvas.is_wide() ? "Gradient norm" : "Norm", state.norm, canvas), 7});
  return section;
}

}  // namespace gradvitals
