// The parts of a live view's screen. Internal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "monitor/report/live/live_screen.h"
#include "monitor/report/live/screen_line.h"

namespace gradvitals {

/// From this rank on a line only stands where every blank line does.
inline constexpr int kSpareRank = 100;
/// Of what stands before values, where the screen is wide.
inline constexpr int kLiveLabelWidth = 16;
/// Behind a line whose sentence goes on in one that is left out.
inline constexpr std::string_view kGoesOn = " ..";

struct RankedLine {
  std::string text;
  int rank = 0;          ///< The higher, the sooner it is left out.
  bool goes_on = false;  ///< The next line has the rest of its sentence; there is room to say so.
};

/// Lines under a title, which stands where one of them does; without a title, where they are one block.
struct LiveSection {
  std::optional<std::string> title;
  std::vector<RankedLine> lines;
};

/// What a screen is made for.
struct LiveCanvas {
  ScreenSize size;
  TextStyle style;

  ScreenLine line() const { return {size.columns, style}; }
  bool is_wide() const { return size.columns >= 70; }
};

/// By rank as many lines as there are rows for, then in their order, with blank lines between sections
/// where rows are left.
std::vector<std::string> chosen_lines(const std::vector<LiveSection>& sections, int rows);

/// Three digits, "NaN", "Inf"; "-" where it is not known.
std::string live_number(const std::optional<double>& value);

/// At most so many values: the largest of each of so many parts; NaN where one is not finite.
std::vector<double> squeezed_course(const std::vector<double>& course, int columns);

// Each of these has all lines that a screen may show.
LiveSection verdict_section(const LiveState& state, const LiveCanvas& canvas);
LiveSection findings_section(const LiveState& state, const LiveCanvas& canvas);
LiveSection course_section(const LiveState& state, const LiveCanvas& canvas);
LiveSection signs_section(const LiveState& state, const LiveCanvas& canvas);
LiveSection gradients_section(const LiveState& state, const LiveCanvas& canvas);
LiveSection events_section(const LiveState& state, const LiveCanvas& canvas);

}  // namespace gradvitals
