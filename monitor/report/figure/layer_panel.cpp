#include "monitor/report/figure/layer_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "monitor/report/figure/curve_panels.h"
#include "monitor/report/figure/gnuplot_string.h"
#include "monitor/report/figure/value_axis.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

constexpr std::size_t kMostNamedLayers = 12;
/// More leave no room for a point at each.
constexpr std::size_t kMostMarkedLayers = 40;
constexpr int kLayerNameLength = 14;
constexpr std::size_t kFirstLook = 0;
constexpr std::size_t kWorstLook = 1;
constexpr std::size_t kLastLook = 2;

struct ProfileLook {
  std::string_view color;
  std::string_view line;
};
constexpr std::array kProfileLooks = {
    ProfileLook{"#0072b2", "dashtype (12,4) pointtype 6"},
    ProfileLook{"#d55e00", "dashtype 1 pointtype 7"},
    ProfileLook{"#000000", "dashtype (3,3) pointtype 4"},
};

const SeriesPoint* point_at(const RunView& view, std::int64_t step) {
  const auto found = std::ranges::find_if(view.series.points(), [step](const SeriesPoint& point) {
    return step <= point.steps.last_step;
  });
  return found == view.series.points().end() ? nullptr : &*found;
}

const SeriesPoint* largest_point(const RunView& view) {
  const SeriesPoint* largest = &view.series.points().front();
  for (const SeriesPoint& point : view.series.points()) {
    if (point.steps.global_norm.max > largest->steps.global_norm.max) largest = &point;
  }
  return largest;
}

double shown_norm(const LayerProfile& profile, const LayerRow& row, RowRange& range) {
  range = norm_of(*profile.point, row.tensors);
  return profile.is_peak ? range.high : range.last;
}

void layer_ticks(GnuplotScript& script, const LayerRows& layers) {
  const auto count = static_cast<std::int64_t>(layers.rows.size());
  const double low = 0.5;
  const double high = static_cast<double>(std::max<std::int64_t>(count, 1)) + 0.5;
  std::vector<std::string> ticks;
  if (layers.rows.size() <= kMostNamedLayers) {
    std::vector<std::string> names;
    for (const LayerRow& row : layers.rows) names.push_back(row.name);
    for (const std::string& name : shortened_names(std::move(names), kLayerNameLength)) {
      ticks.push_back(fmt::format("{} {}", gnuplot_tick_string(name), ticks.size() + 1));
    }
  } else {
    for (const StepTick& tick : StepAxis(1, count).ticks(600)) {
      ticks.push_back(fmt::format("'{}' {}", tick.text, tick.at + 1.0));
    }
  }
  script.x_axis(low, high, fmt::format("({})", fmt::join(ticks, ", ")));
  const bool are_named = !ticks.empty() && layers.rows.size() <= kMostNamedLayers;
  if (are_named) script.line("set xtics rotate by 30 right");
}

std::vector<std::string> profile_clauses(GnuplotScript& script, const ValueAxis& axis,
                                         const LayerRows& layers, const LayerProfile& profile) {
  const std::size_t place = profile.look;
  const ProfileLook& look = kProfileLooks[place];
  std::string rows;
  std::string marks;
  bool is_drawn = false;
  for (std::size_t i = 0; i < layers.rows.size(); ++i) {
    // The last layer of one network does not lead to the first of the next.
    if (i > 0 && layers.rows[i].network != layers.rows[i - 1].network) rows += '\n';
    RowRange range;
    const double norm = shown_norm(profile, layers.rows[i], range);
    if (range.has_nonfinite) {
      // Side by side where several moments have one.
      const double x = static_cast<double>(i + 1) + 0.12 * (static_cast<double>(place) - 1.0);
      marks += fmt::format("{:.6g} {:.6g}\n", x, axis.nonfinite());
    }
    is_drawn |= range.has_finite;
    rows += range.has_finite ? fmt::format("{} {:.6g}\n", i + 1, axis.at(norm)) : "\n";
  }
  script.line("$profile{} << END\n{}END", place, rows);
  const std::string line =
      fmt::format("with linespoints linewidth 1.8 pointsize {} {} linecolor rgb '{}'",
                  layers.rows.size() > kMostMarkedLayers ? 0.3 : 0.9, look.line, look.color);
  std::vector<std::string> clauses = {key_line(profile.title, line)};
  if (is_drawn) clauses.push_back(fmt::format("$profile{} using 1:2 {} notitle", place, line));
  if (!marks.empty()) {
    script.line("$profile_marks{} << END\n{}END", place, marks);
    clauses.push_back(
        fmt::format("$profile_marks{} using 1:2 with points pointtype 2 pointsize 1 "
                    "linewidth 1.6 linecolor rgb '{}' notitle",
                    place, look.color));
  }
  return clauses;
}

}  // namespace

std::vector<LayerProfile> layer_profiles(const RunView& view) {
  const std::vector<SeriesPoint>& points = view.series.points();
  if (points.empty()) return {};
  const Episode* const episode = worst_episode(view.run);
  const bool decides = episode != nullptr && episode->finding.severity >= Severity::kWarning;
  const SeriesPoint* worst = decides ? point_at(view, episode->peak_step) : nullptr;
  if (worst == nullptr) worst = largest_point(view);
  const std::string why =
      decides ? fmt::format("worst ({})", rule_number(episode->finding.rule)) : "largest";
  std::vector<LayerProfile> profiles;
  const auto add = [&profiles](const SeriesPoint& point, std::string_view moment,
                               std::size_t look) {
    const bool is_there =
        point.steps.steps == 1 && std::ranges::count(profiles, &point, &LayerProfile::point) > 0;
    if (is_there) return;
    profiles.push_back({.point = &point,
                        .title = fmt::format("{}: {}", moment, steps_phrase(point.steps)),
                        .look = look,
                        .is_peak = look == kWorstLook});
  };
  if (points.size() == 1) {
    return {
        {.point = worst, .title = steps_phrase(worst->steps), .look = kWorstLook, .is_peak = true}};
  }
  add(*worst, why, kWorstLook);
  add(points.front(), "first", kFirstLook);
  add(points.back(), "last", kLastLook);
  return profiles;
}

void layer_panel(GnuplotScript& script, const RunView& view, const LayerRows& layers,
                 const Panel& panel) {
  script.frame(panel);
  script.text("Gradient from layer to layer", panel.left, panel.top - 62,
              {.points = 11, .is_bold = true});
  script.line("set ylabel 'Norm' textcolor rgb '{}' font {}", kInk, script.page().font(10));
  const std::vector<LayerProfile> profiles = layer_profiles(view);
  ValueAxis axis(AxisScale::kLogarithmic);
  for (const LayerProfile& profile : profiles) {
    for (const LayerRow& row : layers.rows) {
      RowRange range;
      const double norm = shown_norm(profile, row, range);
      if (range.has_finite) axis.include(norm);
      if (range.has_nonfinite) axis.include_nonfinite();
    }
  }
  layer_ticks(script, layers);
  value_frame(script, axis, panel);
  script.line(
      "set key at screen {:.5f},{:.5f} left center horizontal Left reverse samplen 2.2 font {}",
      script.page().screen_x(panel.left), script.page().screen_y(panel.top - 28),
      script.page().font(9));
  std::vector<std::string> clauses;
  for (const LayerProfile& profile : profiles) {
    if (layers.rows.empty()) break;
    std::ranges::move(profile_clauses(script, axis, layers, profile), std::back_inserter(clauses));
  }
  if (clauses.empty()) {
    script.line("set label 'no layer is known' at graph 0.5, graph 0.5 center textcolor rgb '{}'",
                kFaintInk);
  }
  script.plot(clauses);
}

}  // namespace gradvitals
