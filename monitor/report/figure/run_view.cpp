#include "monitor/report/figure/run_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "monitor/report/figure/drawable_text.h"

namespace gradvitals {
namespace {

/// "dense_1" of "dense_1/kernel" and "dense_1/bias": whole parts that all begin with, else the first.
std::string common_name(const RunView& view, const std::vector<std::size_t>& tensors) {
  const std::string first = name_of(view, tensors.front());
  std::size_t shared = first.size();
  for (const std::size_t place : tensors) {
    const std::string other = name_of(view, place);
    const auto [end, ignored] =
        std::ranges::mismatch(std::string_view(first).substr(0, shared), other);
    shared = static_cast<std::size_t>(end - std::string_view(first).begin());
  }
  if (shared == first.size()) return first;
  const std::size_t part = first.substr(0, shared).find_last_of("./");
  return part == std::string::npos || part == 0 ? first : first.substr(0, part);
}

}  // namespace

RunView view_of(const TrajectoryReport& run, const RunSeries& series, FigureFormat format) {
  const std::vector<SeriesPoint>& points = series.points();
  const StepAxis steps =
      points.empty() ? StepAxis(0, 0)
                     : StepAxis(points.front().steps.first_step, points.back().steps.last_step);
  RunView view{run, series, format, steps, {}};
  for (std::size_t i = 0; i < series.tensors().size(); ++i) {
    if (series.tensors()[i].role == Role::kGradient) view.gradients.push_back(i);
  }
  return view;
}

std::string name_of(const RunView& view, std::size_t tensor) {
  const SeriesTensor& one = view.series.tensors()[tensor];
  if (one.network.empty()) return drawable(one.name, view.format);
  return drawable(fmt::format("{}: {}", std::string_view(one.network), std::string_view(one.name)),
                  view.format);
}

std::string steps_phrase(const HistoryInterval& interval) {
  if (interval.first_step == interval.last_step) {
    return fmt::format("step {}", grouped(interval.first_step));
  }
  return fmt::format("steps {} to {}", grouped(interval.first_step), grouped(interval.last_step));
}

RowRange norm_of(const SeriesPoint& point, std::span<const std::size_t> tensors) {
  RowRange all;
  for (const std::size_t place : tensors) {
    if (place >= point.tensors.size()) continue;
    const NormSpan& one = point.tensors[place];
    all.is_missing |= one.missing > 0;
    all.has_nonfinite |= one.nonfinite > 0;
    if (one.finite == 0) continue;
    all.has_finite = true;
    all.low = std::hypot(all.low, one.min);
    all.high = std::hypot(all.high, one.max);
    all.last = std::hypot(all.last, one.last);
  }
  all.is_missing &= !all.has_finite && !all.has_nonfinite;
  return all;
}

LayerRows layer_rows(const RunView& view) {
  const std::vector<SeriesTensor>& tensors = view.series.tensors();
  LayerRows all;
  all.are_layers = std::ranges::all_of(
      view.gradients, [&tensors](std::size_t place) { return tensors[place].layer >= 0; });
  // Networks in order of appearance, and the layers of each by their numbers.
  std::map<Name, std::size_t> networks;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> rows;
  for (const std::size_t place : view.gradients) {
    const SeriesTensor& tensor = tensors[place];
    const std::size_t network = networks.try_emplace(tensor.network, networks.size()).first->second;
    rows[{network, all.are_layers ? static_cast<std::size_t>(tensor.layer) : place}].push_back(
        place);
  }
  for (const auto& [number, members] : rows)
    all.rows.push_back({common_name(view, members), members, number.first});
  return all;
}

}  // namespace gradvitals
