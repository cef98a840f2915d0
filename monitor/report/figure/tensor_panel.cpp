#include "monitor/report/figure/tensor_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

#include "monitor/report/figure/curve_panels.h"
#include "monitor/report/figure/drawable_text.h"
#include "monitor/report/figure/event_marks.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/figure/run_page.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

constexpr std::size_t kMostTensorLines = 8;
constexpr std::size_t kWorstTensors = 5;
constexpr int kTensorNameLength = 34;
constexpr int kLongestTensorName = 42;
constexpr std::string_view kRestInk = "#9a9a9a";

struct TensorLook {
  std::string_view color;
  std::string_view line;
};
/// Okabe and Ito's colours, which the colour-blind tell apart, with dashes and points as well.
constexpr std::array kTensorLooks = {
    TensorLook{"#d55e00", "dashtype 1 pointtype 7"},
    TensorLook{"#0072b2", "dashtype (12,4) pointtype 5"},
    TensorLook{"#009e73", "dashtype (4,3) pointtype 9"},
    TensorLook{"#cc79a7", "dashtype (12,4,3,4) pointtype 13"},
    TensorLook{"#56b4e9", "dashtype 1 pointtype 4"},
    TensorLook{"#e69f00", "dashtype (8,3) pointtype 8"},
    TensorLook{"#000000", "dashtype (2,3) pointtype 6"},
    TensorLook{"#7a5195", "dashtype (6,2,2,2) pointtype 10"},
};
static_assert(kTensorLooks.size() >= kMostTensorLines);

/// How much it matters that a tensor has a line of its own.
struct Concern {
  Severity severity = Severity::kOk;  ///< Of the worst episode about it.
  std::int64_t nonfinite = 0;         ///< Steps.
  double distance = 0.0;              ///< In decades, from the median of all.
};

std::optional<double> exponent_of(const SeriesPoint& point, std::size_t tensor) {
  if (tensor >= point.tensors.size()) return std::nullopt;
  const NormSpan& span = point.tensors[tensor];
  if (span.finite == 0 || !(span.max > 0.0)) return std::nullopt;
  return std::log10(span.max);
}

void add_distances(std::vector<Concern>& concerns, const RunView& view, const SeriesPoint& point) {
  std::vector<double> exponents;
  for (const std::size_t place : view.gradients) {
    if (const auto exponent = exponent_of(point, place)) exponents.push_back(*exponent);
  }
  if (exponents.empty()) return;
  const auto middle = exponents.begin() + std::ssize(exponents) / 2;
  std::ranges::nth_element(exponents, middle);
  for (std::size_t i = 0; i < view.gradients.size(); ++i) {
    const auto exponent = exponent_of(point, view.gradients[i]);
    if (exponent)
      concerns[i].distance = std::max(concerns[i].distance, std::abs(*exponent - *middle));
  }
}

/// Parallel to view.gradients.
std::vector<Concern> concerns_of(const RunView& view) {
  std::vector<Concern> concerns(view.gradients.size());
  for (const SeriesPoint& point : view.series.points()) {
    add_distances(concerns, view, point);
    for (std::size_t i = 0; i < view.gradients.size(); ++i) {
      const std::size_t place = view.gradients[i];
      if (place < point.tensors.size()) concerns[i].nonfinite += point.tensors[place].nonfinite;
    }
  }
  for (const Episode& episode : view.run.episodes) {
    const Finding& finding = episode.finding;
    if (finding.tensor.empty() || finding.severity < Severity::kWarning) continue;
    for (std::size_t i = 0; i < view.gradients.size(); ++i) {
      const SeriesTensor& tensor = view.series.tensors()[view.gradients[i]];
      if (is_about(finding.tensor, tensor.name)) {
        concerns[i].severity = std::max(concerns[i].severity, finding.severity);
      }
    }
  }
  return concerns;
}

CurvePoint point_of_tensor(const SeriesPoint& point, std::size_t place) {
  const RowRange range = norm_of(point, std::span(&place, 1));
  return {.low = range.low,
          .high = range.high,
          .last = range.last,
          .has_finite = range.has_finite,
          .has_nonfinite = range.has_nonfinite};
}

/// The band of all that have no line.
CurvePoint point_of_rest(const SeriesPoint& point, const std::vector<std::size_t>& rest) {
  CurvePoint all;
  for (const std::size_t place : rest) {
    const CurvePoint one = point_of_tensor(point, place);
    all.has_nonfinite |= one.has_nonfinite;
    if (!one.has_finite) continue;
    all.low = all.has_finite ? std::min(all.low, one.low) : one.low;
    all.high = all.has_finite ? std::max(all.high, one.high) : one.high;
    all.has_finite = true;
  }
  return all;
}

/// ", NaN/Inf in 3, missing in 2": what a line does not show.
std::string counts_of(const RunView& view, std::size_t place) {
  std::int64_t nonfinite = 0;
  std::int64_t missing = 0;
  for (const SeriesPoint& point : view.series.points()) {
    if (place >= point.tensors.size()) continue;
    nonfinite += point.tensors[place].nonfinite;
    missing += point.tensors[place].missing;
  }
  std::string text;
  if (nonfinite > 0) text += fmt::format(", NaN/Inf in {}", nonfinite);
  if (missing > 0) text += fmt::format(", missing in {}", missing);
  return text;
}

/// Without so much of their middle as still keeps them apart: "encoder.layers.49…_projection.weight" says
/// more than the "49" in which such names differ.
std::vector<std::string> key_names(std::vector<std::string> names) {
  for (int length = kTensorNameLength; length <= kLongestTensorName; length += 2) {
    std::vector<std::string> cut;
    for (const std::string& name : names) cut.push_back(shortened(name, length));
    const std::set<std::string> distinct(cut.begin(), cut.end());
    if (distinct.size() == names.size()) return cut;
  }
  return shortened_names(std::move(names), kTensorNameLength);
}

}  // namespace

std::vector<std::size_t> drawn_tensors(const RunView& view) {
  if (view.gradients.size() <= kMostTensorLines) return view.gradients;
  const std::vector<Concern> concerns = concerns_of(view);
  std::vector<std::size_t> order(view.gradients.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) {
    return std::tuple(concerns[i].severity, concerns[i].nonfinite, concerns[i].distance);
  });
  order.resize(kWorstTensors);
  for (std::size_t& i : order) i = view.gradients[i];
  return order;
}

void tensor_panel(GnuplotScript& script, const RunView& view, const Panel& panel) {
  step_frame(script, view, panel, "Norm per tensor");
  const std::vector<std::size_t> drawn = drawn_tensors(view);
  std::vector<std::size_t> rest;
  std::vector<std::string> names;
  for (const std::size_t place : view.gradients) {
    if (std::ranges::count(drawn, place) == 0) rest.push_back(place);
  }
  for (const std::size_t place : drawn) names.push_back(name_of(view, place));
  names = key_names(std::move(names));
  const Curve rest_curve = [&rest](const SeriesPoint& point) { return point_of_rest(point, rest); };
  ValueAxis axis(AxisScale::kLogarithmic);
  include_curve(axis, view, rest_curve);
  for (const std::size_t place : drawn) {
    include_curve(axis, view,
                  [place](const SeriesPoint& point) { return point_of_tensor(point, place); });
  }
  value_frame(script, axis, panel);
  mark_events(script, view);
  std::vector<std::string> clauses;
  const auto add = [&](const Curve& curve, const CurveLook& look) {
    std::ranges::move(curve_clauses(script, view, axis, curve, look), std::back_inserter(clauses));
    std::ranges::move(mark_clauses(script, view, axis, curve, look.block, look.color),
                      std::back_inserter(clauses));
  };
  if (!rest.empty()) {
    add(rest_curve, {.block = "$rest",
                     .title = {},
                     .color = std::string(kRestInk),
                     .line = {},
                     .has_line = false});
    clauses.push_back(key_line(
        fmt::format("the other {}, smallest to largest", rest.size()),
        fmt::format("with boxes fillstyle solid 0.4 noborder linecolor rgb '{}'", kRestInk)));
  }
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const std::size_t place = drawn[i];
    const TensorLook& look = kTensorLooks[i];
    add([place](const SeriesPoint& point) { return point_of_tensor(point, place); },
        {.block = fmt::format("$tensor{}", i),
         .title = fitted(names[i] + counts_of(view, place), kKeyPoints, kKeyPixels),
         .color = std::string(look.color),
         .line = fmt::format("linewidth 1.6 {}", look.line),
         .band = 0.15});
  }
  if (drawn.empty()) {
    script.line("set label 'no tensor is known' at graph 0.5, graph 0.5 center textcolor rgb '{}'",
                kFaintInk);
  }
  script.plot(clauses);
}

}  // namespace gradvitals
