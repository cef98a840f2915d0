#include "monitor/report/figure/curve_panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "monitor/report/figure/event_marks.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/figure/gnuplot_string.h"

namespace gradvitals {
namespace {

constexpr std::string_view kSignalBlue = "#2b6ca3";
constexpr std::string_view kStripInk = "#f6d5d5";
constexpr std::string_view kZeroStripInk = "#ececec";

CurvePoint point_of(const SignalRange& range) {
  return {.low = range.min,
          .high = range.max,
          .last = range.last,
          .has_finite = range.count > 0,
          .has_nonfinite = range.nonfinite_count > 0};
}

/// Logarithmic unless some value is negative.
AxisScale scale_of(const RunView& view, const Curve& curve) {
  const bool is_negative = std::ranges::any_of(view.series.points(), [&](const auto& point) {
    const CurvePoint drawn = curve(point);
    return drawn.has_finite && drawn.low < 0.0;
  });
  return is_negative ? AxisScale::kLinear : AxisScale::kLogarithmic;
}

bool is_known(const RunView& view, const Curve& curve) {
  return std::ranges::any_of(view.series.points(), [&](const SeriesPoint& point) {
    const CurvePoint drawn = curve(point);
    return drawn.has_finite || drawn.has_nonfinite;
  });
}

bool holds_several_steps(const RunView& view) {
  return std::ranges::any_of(view.series.points(),
                             [](const SeriesPoint& point) { return point.steps.steps > 1; });
}

/// The key of a signal's panel, beside its line.
std::vector<std::string> signal_keys(const RunView& view, const ValueAxis& axis) {
  std::vector<std::string> keys;
  if (holds_several_steps(view)) {
    keys.push_back(key_line(
        "smallest to largest of them",
        fmt::format("with boxes fillstyle solid 0.4 noborder linecolor rgb '{}'", kSignalBlue)));
  }
  if (axis.has_nonfinite()) {
    keys.push_back(key_line("NaN or Inf in a step",
                            fmt::format("with points pointtype 2 linecolor rgb '{}'", kAlarmInk)));
  }
  if (axis.has_zero()) {
    keys.push_back(key_line("zero in a step",
                            fmt::format("with points pointtype 6 linecolor rgb '{}'", kAlarmInk)));
  }
  return keys;
}

void signal_panel(GnuplotScript& script, const RunView& view, const Panel& panel,
                  const Curve& curve, std::string_view signal,
                  const std::vector<std::string>& more_keys) {
  ValueAxis axis(scale_of(view, curve));
  include_curve(axis, view, curve);
  value_frame(script, axis, panel);
  mark_events(script, view);
  std::vector<std::string> clauses;
  if (is_known(view, curve)) {
    const std::string_view which =
        holds_several_steps(view) ? "last of each point's steps" : "each step";
    clauses = curve_clauses(script, view, axis, curve,
                            {.block = "$signal",
                             .title = fmt::format("{}, {}", signal, which),
                             .color = std::string(kSignalBlue),
                             .line = "linewidth 2 pointtype 7"});
    std::ranges::move(mark_clauses(script, view, axis, curve, "$signal", kAlarmInk),
                      std::back_inserter(clauses));
    std::ranges::move(signal_keys(view, axis), std::back_inserter(clauses));
  } else {
    script.line("set label 'no {} is known' at graph 0.5, graph 0.5 center textcolor rgb '{}'",
                signal, kFaintInk);
  }
  clauses.insert(clauses.end(), more_keys.begin(), more_keys.end());
  script.plot(clauses);
}

}  // namespace

void include_curve(ValueAxis& axis, const RunView& view, const Curve& curve) {
  for (const SeriesPoint& point : view.series.points()) {
    const CurvePoint drawn = curve(point);
    if (drawn.has_finite) {
      axis.include(drawn.low);
      axis.include(drawn.high);
    }
    if (drawn.has_nonfinite) axis.include_nonfinite();
  }
}

std::vector<std::string> curve_clauses(GnuplotScript& script, const RunView& view,
                                       const ValueAxis& axis, const Curve& curve,
                                       const CurveLook& look) {
  bool is_drawn = false;
  script.line("{} << END", look.block);
  for (const SeriesPoint& point : view.series.points()) {
    const CurvePoint drawn = curve(point);
    if (!drawn.has_finite) {
      script.line("");
      continue;
    }
    is_drawn = true;
    const double low = axis.at(drawn.low);
    const double high = axis.at(drawn.high);
    const double last = axis.at(drawn.last);
    if (point.steps.first_step != point.steps.last_step) {
      script.line("{:.10g} {:.6g} {:.6g} -", view.steps.at(point.steps.first_step), low, high);
    }
    script.line("{:.10g} {:.6g} {:.6g} {:.6g}", view.steps.at(point.steps.last_step), low, high,
                last);
  }
  script.line("END");
  std::vector<std::string> clauses;
  const std::string line =
      fmt::format("with linespoints pointsize 0.35 {} linecolor rgb '{}'", look.line, look.color);
  if (is_drawn) {
    clauses.push_back(
        fmt::format("{} using 1:2:3 with filledcurves fillstyle transparent solid {} noborder "
                    "linecolor rgb '{}' notitle",
                    look.block, look.band, look.color));
    if (look.has_line) clauses.push_back(fmt::format("{} using 1:4 {} notitle", look.block, line));
  }
  if (look.has_line && !look.title.empty()) clauses.push_back(key_line(look.title, line));
  return clauses;
}

std::vector<std::string> mark_clauses(GnuplotScript& script, const RunView& view,
                                      const ValueAxis& axis, const Curve& curve,
                                      const std::string& block, std::string_view color) {
  std::vector<std::string> clauses;
  const auto mark = [&](std::string_view kind, double height, int point_type, auto is_marked) {
    std::string rows;
    for (const SeriesPoint& point : view.series.points()) {
      if (!is_marked(curve(point))) continue;
      const double middle =
          (view.steps.at(point.steps.first_step) + view.steps.at(point.steps.last_step)) / 2;
      rows += fmt::format("{:.10g} {:.6g}\n", middle, height);
    }
    if (rows.empty()) return;
    script.line("{}_{} << END\n{}END", block, kind, rows);
    clauses.push_back(
        fmt::format("{}_{} using 1:2 with points pointtype {} pointsize 0.9 linewidth "
                    "1.4 linecolor rgb '{}' notitle",
                    block, kind, point_type, color));
  };
  mark("nonfinite", axis.nonfinite(), 2,
       [](const CurvePoint& point) { return point.has_nonfinite; });
  if (axis.is_logarithmic()) {
    mark("zero", axis.zero(), 6,
         [](const CurvePoint& point) { return point.has_finite && point.low <= 0.0; });
  }
  return clauses;
}

void step_frame(GnuplotScript& script, const RunView& view, const Panel& panel,
                std::string_view title, bool is_lowest) {
  script.frame(panel);
  script.key_beside(panel);
  const int width = panel.right - panel.left;
  script.x_axis(view.steps.low(), view.steps.high(),
                is_lowest ? view.steps.tick_list(width) : view.steps.tick_list_without_text(width));
  script.line("set ylabel {} textcolor rgb '{}' font {}", gnuplot_string(title), kInk,
              script.page().font(10));
  if (is_lowest) {
    script.line("set xlabel 'Step' textcolor rgb '{}' font {}", kInk, script.page().font(10));
  }
}

void value_frame(GnuplotScript& script, const ValueAxis& axis, const Panel& panel) {
  // In this order: gnuplot warns of a logarithmic axis that is negative yet.
  script.y_axis(axis.range(), axis.tick_list(panel.bottom - panel.top));
  if (axis.is_logarithmic()) script.line("set logscale y");
  if (axis.has_nonfinite()) {
    script.line(
        "set object rectangle from graph 0, first {:.6g} to graph 1, graph 1 behind fillstyle "
        "solid 1.0 noborder fillcolor rgb '{}'",
        axis.number_high(), kStripInk);
  }
  if (axis.has_zero()) {
    script.line(
        "set object rectangle from graph 0, graph 0 to graph 1, first {:.6g} behind fillstyle "
        "solid 1.0 noborder fillcolor rgb '{}'",
        axis.number_low(), kZeroStripInk);
  }
}

void loss_panel(GnuplotScript& script, const RunView& view, const Panel& panel) {
  step_frame(script, view, panel, "Loss");
  label_events(script, view, panel);
  const Curve loss = [](const SeriesPoint& point) { return point_of(point.steps.loss); };
  signal_panel(script, view, panel, loss, "loss", event_keys(view.run));
}

void norm_panel(GnuplotScript& script, const RunView& view, const Panel& panel) {
  step_frame(script, view, panel, "Norm of all gradients");
  const Curve norm = [](const SeriesPoint& point) { return point_of(point.steps.global_norm); };
  signal_panel(script, view, panel, norm, "norm", {});
}

}  // namespace gradvitals
