// What the panels of a run's figure are drawn from. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "monitor/history/run_series.h"
#include "monitor/report/figure/figure.h"
#include "monitor/report/figure/step_axis.h"
#include "monitor/report/trajectory_report.h"

namespace gradvitals {

/// One tensor's gradient, or those of a layer, over the steps of one point.
struct RowRange {
  double low = 0.0;  ///< Of finite norms; meaningless where there is none, as `high` and `last`.
  double high = 0.0;
  double last = 0.0;
  bool has_finite = false;
  bool has_nonfinite = false;
  bool is_missing = false;  ///< There was no gradient in any step.
};

struct RunView {
  const TrajectoryReport& run;
  const RunSeries& series;
  FigureFormat format;
  StepAxis steps;
  std::vector<std::size_t> gradients;  ///< Places in series.tensors(): those that are drawn.
};

RunView view_of(const TrajectoryReport& run, const RunSeries& series, FigureFormat format);

/// Of a place in series.tensors(), drawable: the name, after that of its network where there are several.
std::string name_of(const RunView& view, std::size_t tensor);

/// "step 7", "steps 0 to 195"
std::string steps_phrase(const HistoryInterval& interval);

/// The tensors whose place is among these, as one: the norm of all of them.
RowRange norm_of(const SeriesPoint& point, std::span<const std::size_t> tensors);

/// Tensors that are shown as one row: those of a layer.
struct LayerRow {
  std::string name;  ///< Drawable, in full.
  std::vector<std::size_t> tensors;
  std::size_t network;  ///< In order of appearance.
};

/// From the input on; where the layer of some tensor is not known, a row for each tensor.
struct LayerRows {
  std::vector<LayerRow> rows;
  bool are_layers = true;
};
LayerRows layer_rows(const RunView& view);

}  // namespace gradvitals
