#include "monitor/report/live/live_screen.h"

#include <cstddef>

#include "monitor/report/live/live_section.h"

namespace gradvitals {
namespace {

LiveSection messages_section(const LiveState& state, const LiveCanvas& canvas) {
  LiveSection section;
  for (std::size_t i = 0; i < state.messages.size(); ++i) {
    const auto age = static_cast<int>(state.messages.size() - 1 - i);
    section.lines.push_back({canvas.line().add(state.messages[i]).text(), 13 + age * 12});
  }
  return section;
}

LiveSection way_out_section(const LiveState& state, const LiveCanvas& canvas) {
  if (state.way_out.empty()) return {};
  return {.title = {}, .lines = {{canvas.line().add(state.way_out, Ink::kFaint).text(), 15}}};
}

}  // namespace

std::vector<std::string> live_screen(const LiveState& state, ScreenSize size, TextStyle style) {
  if (size.columns <= 0 || size.rows <= 0) return {};
  const LiveCanvas canvas{size, style};
  const std::vector<LiveSection> sections = {
      verdict_section(state, canvas),   findings_section(state, canvas),
      course_section(state, canvas),    signs_section(state, canvas),
      gradients_section(state, canvas), events_section(state, canvas),
      messages_section(state, canvas),  way_out_section(state, canvas)};
  return chosen_lines(sections, size.rows);
}

}  // namespace gradvitals
