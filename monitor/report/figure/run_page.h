// Where the panels of a run's figure are, in pixels. Internal.
#pragma once

#include <array>

#include "monitor/report/figure/figure_page.h"

namespace gradvitals {

inline constexpr int kRunPageWidth = 1600;
inline constexpr int kRunPageHeight = 2090;
/// Of a run of which nothing is known.
inline constexpr int kEmptyPageHeight = 220;

inline constexpr int kRunTextLeft = 40;
inline constexpr int kTitleBaseline = 32;
inline constexpr int kSentenceBaseline = 62;
inline constexpr int kRunLineHeight = 22;

/// Of the panels over steps, one beneath the other: their step axes align, and keys are beside them.
inline constexpr Panel kLossPanel{190, 1150, 190, 350};
inline constexpr Panel kNormPanel{190, 1150, 375, 575};
inline constexpr Panel kTensorPanel{190, 1150, 600, 820};
inline constexpr Panel kHeatPanel{190, 1150, 845, 1145};
/// Of a line of the key beside them, as drawn_width() counts, in its font.
inline constexpr double kKeyPixels = 420.0;
inline constexpr double kKeyPoints = 9.0;
/// The lowest lane of the events' rule numbers, above the loss; others are above it.
inline constexpr int kEventBaseline = 181;
inline constexpr int kEventLaneHeight = 16;

inline constexpr int kSignColumns = 4;
inline constexpr int kSignHeading = 1225;
constexpr Panel sign_panel(int place) {
  const int left = 100 + place % kSignColumns * 384;
  const int top = 1275 + place / kSignColumns * 190;
  return {left, left + 290, top, top + 105};
}

inline constexpr Panel kLayerPanel{130, 770, 1730, 1925};
inline constexpr Panel kEventList{860, 1570, 1684, 1925};
inline constexpr int kFootnote = 2030;

}  // namespace gradvitals
