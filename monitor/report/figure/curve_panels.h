// The panels of a run's figure that show one signal over steps: the loss, and the norm of all gradients.
// Internal.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/figure/gnuplot_script.h"
#include "monitor/report/figure/run_view.h"
#include "monitor/report/figure/value_axis.h"

namespace gradvitals {

void loss_panel(GnuplotScript& script, const RunView& view, const Panel& panel);
void norm_panel(GnuplotScript& script, const RunView& view, const Panel& panel);

// What the panels of several signals share.

/// What a curve shows of one point of the series.
struct CurvePoint {
  double low = 0.0;
  double high = 0.0;
  double last = 0.0;
  bool has_finite = false;
  bool has_nonfinite = false;
};
using Curve = std::function<CurvePoint(const SeriesPoint& point)>;

void include_curve(ValueAxis& axis, const RunView& view, const Curve& curve);

/// The clauses that draw it, and their data: a band from the smallest to the largest value of each
/// point's steps, a line through the last ones. A point without a value breaks them. `block` is a name for
/// its data; the key has the line under `title`, whether or not there is one to draw.
struct CurveLook {
  std::string block;
  std::string title;
  std::string color;
  std::string line;  ///< "linewidth 2 dashtype 1 pointtype 7"
  bool has_line = true;
  double band = 0.4;  ///< How opaque it is.
};
std::vector<std::string> curve_clauses(GnuplotScript& script, const RunView& view,
                                       const ValueAxis& axis, const Curve& curve,
                                       const CurveLook& look);

/// The same for its zeros, at the foot, and for what is not finite, at the top.
std::vector<std::string> mark_clauses(GnuplotScript& script, const RunView& view,
                                      const ValueAxis& axis, const Curve& curve,
                                      const std::string& block, std::string_view color);

/// The frame of a panel over steps. The lowest of several says "Step".
void step_frame(GnuplotScript& script, const RunView& view, const Panel& panel,
                std::string_view title, bool is_lowest = false);

/// The value axis, and its strips of zeros and of what is not finite.
void value_frame(GnuplotScript& script, const ValueAxis& axis, const Panel& panel);

}  // namespace gradvitals
