#include "monitor/report/figure/sign_panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "monitor/report/figure/curve_panels.h"
#include "monitor/report/figure/run_page.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

constexpr std::string_view kNormalInk = "#dcefe0";
constexpr std::string_view kSignInk = "#2b6ca3";

/// Empty where an end is not limited.
struct NormalRange {
  std::optional<double> low;
  std::optional<double> high;
};

struct Sign {
  std::string_view title;
  std::string_view reading;
  std::optional<double> VitalReadings::*value;
  AxisScale scale;
  NormalRange (*normal)(const TrajectoryReport& run);
  VitalStatus (*status)(const VitalSigns& signs);
};

VitalStatus no_status(const VitalSigns&) {
  return VitalStatus::kUnknown;
}
NormalRange no_range(const TrajectoryReport&) {
  return {};
}
NormalRange range_up_to(double high) {
  return {.low = {}, .high = high};
}

constexpr std::array kSigns = {
    Sign{"Blood pressure", "largest / smallest norm", &VitalReadings::norm_range,
         AxisScale::kLogarithmic,
         [](const TrajectoryReport& run) { return range_up_to(run.thresholds.range_ratio); },
         [](const VitalSigns& signs) { return signs.blood_pressure.status; }},
    Sign{"Heart rate", "spread of log10 norm", &VitalReadings::stability, AxisScale::kLinear,
         no_range, [](const VitalSigns& signs) { return signs.heart_rate.status; }},
    Sign{"Temperature", "update / weight", &VitalReadings::update_ratio, AxisScale::kLogarithmic,
         [](const TrajectoryReport& run) {
           return NormalRange{run.thresholds.update_ratio_low, run.thresholds.update_ratio_high};
         },
         [](const VitalSigns& signs) { return signs.temperature.status; }},
    Sign{"Oxygen", "backward factor", &VitalReadings::backward_factor, AxisScale::kLogarithmic,
         [](const TrajectoryReport& run) {
           const Oxygen& oxygen = run.vital_signs.oxygen;
           return NormalRange{backward_factor_floor(oxygen, run.thresholds).warning,
                              backward_factor_ceiling(oxygen, run.thresholds).warning};
         },
         [](const VitalSigns& signs) { return signs.oxygen.status; }},
    Sign{"", "forward gain per layer", &VitalReadings::forward_gain, AxisScale::kLogarithmic,
         [](const TrajectoryReport& run) {
           return NormalRange{run.thresholds.forward_gain_low.warning,
                              run.thresholds.forward_gain_high.warning};
         },
         no_status},
    Sign{"", "relative gradient spread", &VitalReadings::gradient_spread, AxisScale::kLogarithmic,
         no_range, no_status},
    Sign{"", "dead units, worst layer", &VitalReadings::dead_unit_fraction, AxisScale::kLinear,
         [](const TrajectoryReport& run) {
           return range_up_to(run.thresholds.dead_unit_fraction.warning);
         },
         no_status},
    Sign{
        "", "saturated, worst layer", &VitalReadings::saturation_fraction, AxisScale::kLinear,
        [](const TrajectoryReport& run) { return range_up_to(run.thresholds.saturation_fraction); },
        no_status},
};

std::string normal_text(const NormalRange& normal) {
  const bool has_high = normal.high && std::isfinite(*normal.high);
  if (normal.low && has_high)
    return fmt::format("normal {:.3g} to {:.3g}", *normal.low, *normal.high);
  if (normal.low) return fmt::format("normal from {:.3g}", *normal.low);
  return has_high ? fmt::format("normal up to {:.3g}", *normal.high) : "no limit of its own";
}

Curve curve_of(const Sign& sign) {
  return [value = sign.value](const SeriesPoint& point) {
    CurvePoint drawn;
    if (!(point.signs.*value)) return drawn;
    const double reading = *(point.signs.*value);
    drawn.has_finite = std::isfinite(reading);
    drawn.has_nonfinite = !drawn.has_finite;
    if (drawn.has_finite) drawn.low = drawn.high = drawn.last = reading;
    return drawn;
  };
}

std::optional<double> last_reading(const RunView& view, const Sign& sign) {
  std::optional<double> last;
  for (const SeriesPoint& point : view.series.points()) {
    if (point.signs.*(sign.value)) last = point.signs.*(sign.value);
  }
  return last;
}

void shade_normal(GnuplotScript& script, const NormalRange& normal) {
  if (!normal.low && !normal.high) return;
  const auto edge = [](const std::optional<double>& limit, const char* end) {
    return limit && std::isfinite(*limit) ? fmt::format("first {:.6g}", *limit) : std::string(end);
  };
  script.line(
      "set object rectangle from graph 0, {} to graph 1, {} behind fillstyle solid 1.0 noborder "
      "fillcolor rgb '{}'",
      edge(normal.low, "graph 0"), edge(normal.high, "graph 1"), kNormalInk);
}

void sign_panel(GnuplotScript& script, const RunView& view, const Sign& sign, const Panel& panel) {
  script.frame(panel);
  script.x_axis(view.steps.low(), view.steps.high(),
                view.steps.tick_list(panel.right - panel.left));
  const std::optional<double> last = last_reading(view, sign);
  const NormalRange normal = sign.normal(view.run);
  std::string heading(sign.title);
  const VitalStatus status = sign.status(view.run.vital_signs);
  if (!sign.title.empty()) heading += fmt::format(": {}", name(status));
  script.text(heading, panel.left, panel.top - 34, {.points = 11, .is_bold = true});
  script.text(fmt::format("{}{}", sign.reading, last ? ", last " + three_digits(*last) : ""),
              panel.left, panel.top - 16, {.points = 9.5});
  script.text(normal_text(normal), panel.center(), panel.bottom + 42,
              {.points = 9, .color = kFaintInk, .align = TextAlign::kCenter});
  ValueAxis axis(sign.scale);
  include_curve(axis, view, curve_of(sign));
  for (const std::optional<double>& limit : {normal.low, normal.high}) {
    if (limit && std::isfinite(*limit) && last) axis.include(*limit);
  }
  // Shares, and spreads, count from zero.
  if (last && sign.scale == AxisScale::kLinear) axis.include(0.0);
  value_frame(script, axis, panel);
  if (last) shade_normal(script, normal);
  std::vector<std::string> clauses = curve_clauses(script, view, axis, curve_of(sign),
                                                   {.block = "$sign",
                                                    .title = "",
                                                    .color = std::string(kSignInk),
                                                    .line = "linewidth 1.8 pointtype 7"});
  std::ranges::move(mark_clauses(script, view, axis, curve_of(sign), "$sign", kSignInk),
                    std::back_inserter(clauses));
  if (clauses.empty()) {
    script.line("set label 'not known' at graph 0.5, graph 0.5 center textcolor rgb '{}'",
                kFaintInk);
  }
  script.plot(clauses);
}

}  // namespace

void sign_panels(GnuplotScript& script, const RunView& view) {
  for (std::size_t i = 0; i < kSigns.size(); ++i) {
    sign_panel(script, view, kSigns[i], sign_panel(static_cast<int>(i)));
  }
}

}  // namespace gradvitals
