#include "monitor/report/figure/heat_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "monitor/report/figure/curve_panels.h"
#include "monitor/report/figure/figure_axis.h"
#include "monitor/report/figure/gnuplot_string.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

/// At two pixels each.
constexpr std::size_t kMostHeatColumns = 512;
constexpr std::size_t kMostHeatRows = 150;
constexpr std::size_t kMostNamedRows = 20;
constexpr int kRowNameLength = 16;

/// Viridis, which grows lighter evenly for every eye; what is no positive number has no colour of it.
constexpr std::string_view kHeatPalette =
    "0 '#440154', 0.25 '#3b528b', 0.5 '#21918c', 0.75 '#5ec962', 1 '#fde725'";

struct HeatLook {
  HeatKind kind;
  std::string_view block;
  std::string_view title;
  std::string_view fill;
};
constexpr std::array kHeatLooks = {
    HeatLook{HeatKind::kMissing, "$missing", "no gradient",
             "solid 1.0 noborder linecolor rgb '#c9c9c9'"},
    HeatLook{HeatKind::kZero, "$zeros", "zero", "pattern 4 noborder linecolor rgb '#222222'"},
    HeatLook{HeatKind::kNonFinite, "$nonfinite", "NaN or Inf",
             "solid 1.0 noborder linecolor rgb '#d62728'"},
};

HeatCell cell_of(const RowRange& range) {
  if (range.has_nonfinite) return {HeatKind::kNonFinite, 0.0};
  if (!range.has_finite) return {range.is_missing ? HeatKind::kMissing : HeatKind::kNoStep, 0.0};
  if (!(range.high > 0.0)) return {HeatKind::kZero, 0.0};
  return {HeatKind::kFinite, range.high};
}

void show_worse(HeatCell& cell, const HeatCell& other) {
  if (other.kind > cell.kind) {
    cell = other;
  } else if (other.kind == cell.kind) {
    cell.norm = std::max(cell.norm, other.norm);
  }
}

/// Rows and columns are drawn about whole numbers from 0 on, columns in steps of `width`.
struct HeatScale {
  double left;
  double width;
};

std::optional<Decades> heat_range(const HeatGrid& grid) {
  std::optional<Decades> range;
  for (std::size_t row = 0; row < grid.rows(); ++row) {
    for (std::size_t column = 0; column < grid.columns(); ++column) {
      const HeatCell& cell = grid.at(row, column);
      if (cell.kind != HeatKind::kFinite) continue;
      const double exponent = std::log10(cell.norm);
      if (!range) range = Decades{exponent, exponent};
      range->low = std::min(range->low, exponent);
      range->high = std::max(range->high, exponent);
    }
  }
  if (range && range->span() < 1.0) {
    const double missing = (1.0 - range->span()) / 2;
    range = Decades{range->low - missing, range->high + missing};
  }
  return range;
}

/// gnuplot takes images of two rows and columns or more: a lone one stands there twice, half as wide.
std::string image_clause(GnuplotScript& script, const HeatGrid& grid, const HeatScale& scale) {
  const std::size_t row_copies = grid.rows() == 1 ? 2 : 1;
  const std::size_t column_copies = grid.columns() == 1 ? 2 : 1;
  script.line("$heat << END");
  for (std::size_t row = 0; row < grid.rows() * row_copies; ++row) {
    std::vector<std::string> values;
    for (std::size_t column = 0; column < grid.columns() * column_copies; ++column) {
      const HeatCell& cell = grid.at(row / row_copies, column / column_copies);
      values.push_back(cell.kind == HeatKind::kFinite ? fmt::format("{:.3g}", std::log10(cell.norm))
                                                      : "NaN");
    }
    script.line("{}", fmt::join(values, " "));
  }
  script.line("END");
  const double height = 1.0 / static_cast<double>(row_copies);
  const double width = scale.width / static_cast<double>(column_copies);
  return fmt::format(
      "$heat matrix using ({:.10g}+$1*{:.10g}):({:.3g}+$2*{:.3g}):3 with image pixels notitle",
      scale.left + width / 2, width, height / 2 - 0.5, height);
}

/// A box for each run of columns in a row that are of this kind. Empty where there is none.
std::vector<std::string> kind_clauses(GnuplotScript& script, const HeatGrid& grid,
                                      const HeatScale& scale, const HeatLook& look) {
  std::string rows;
  for (std::size_t row = 0; row < grid.rows(); ++row) {
    for (std::size_t first = 0; first < grid.columns();) {
      std::size_t end = first;
      while (end < grid.columns() && grid.at(row, end).kind == look.kind) ++end;
      if (end > first) {
        const double left = scale.left + scale.width * static_cast<double>(first);
        const double right = scale.left + scale.width * static_cast<double>(end);
        const auto middle = static_cast<double>(row);
        rows += fmt::format("{:.10g} {} {:.10g} {:.10g} {} {}\n", (left + right) / 2, middle, left,
                            right, middle - 0.5, middle + 0.5);
      }
      first = std::max(end, first + 1);
    }
  }
  if (rows.empty()) return {};
  script.line("{} << END\n{}END", look.block, rows);
  return {fmt::format("{} using 1:2:3:4:5:6 with boxxyerror fillstyle {} title '{}'", look.block,
                      look.fill, look.title)};
}

void row_ticks(GnuplotScript& script, const LayerRows& layers, const HeatGrid& grid) {
  std::vector<std::string> ticks;
  if (layers.rows.size() <= kMostNamedRows) {
    std::vector<std::string> names;
    for (const LayerRow& row : layers.rows) names.push_back(row.name);
    for (const std::string& name : shortened_names(std::move(names), kRowNameLength)) {
      ticks.push_back(fmt::format("{} {}", gnuplot_tick_string(name), ticks.size()));
    }
  } else {
    const StepAxis numbers(1, static_cast<std::int64_t>(layers.rows.size()));
    for (const StepTick& tick : numbers.ticks(400)) {
      ticks.push_back(fmt::format("'{}' {:.6g}", tick.text,
                                  tick.at / static_cast<double>(grid.layers_per_row())));
    }
  }
  // The input's layer is at the top.
  script.y_axis(fmt::format("[{}:-0.5]", static_cast<double>(grid.rows()) - 0.5),
                fmt::format("({})", fmt::join(ticks, ", ")));
}

/// The scale of colours, beneath the key.
void color_box(GnuplotScript& script, const Panel& panel, Decades range) {
  const FigurePage& page = script.page();
  std::vector<std::string> ticks;
  for (const int exponent : tick_exponents(range)) {
    ticks.push_back(fmt::format("'1e{0}' {0}", exponent));
  }
  script.line("set palette defined ({})", kHeatPalette);
  script.line("set cbrange [{:.6g}:{:.6g}]", range.low, range.high);
  script.line("set cbtics ({}) font {}", fmt::join(ticks, ", "), page.font(9));
  script.line("set colorbox vertical user origin screen {:.5f},{:.5f} size screen {:.5f},{:.5f}",
              page.screen_x(panel.right + 22), page.screen_y(panel.bottom), page.screen_x(18),
              1.0 - page.screen_y(panel.bottom - panel.top - 90));
}

}  // namespace

HeatGrid::HeatGrid(const RunView& view, const LayerRows& layers)
    : layers_per_row_((layers.rows.size() + kMostHeatRows - 1) / kMostHeatRows),
      rows_((layers.rows.size() + layers_per_row_ - 1) / std::max<std::size_t>(layers_per_row_, 1)),
      columns_(std::min(view.series.points().size(), kMostHeatColumns)),
      cells_(rows_ * columns_) {
  const double span = view.steps.at(view.steps.last()) + 1.0;
  const auto column_of = [&](double steps) {
    // In this order: a quotient of whole numbers is rounded once.
    const double place = std::floor(steps * static_cast<double>(columns_) / span);
    return std::min(static_cast<std::size_t>(place), columns_ - 1);
  };
  for (const SeriesPoint& point : view.series.points()) {
    const std::size_t first = column_of(view.steps.at(point.steps.first_step));
    const std::size_t last = column_of(view.steps.at(point.steps.last_step));
    for (std::size_t layer = 0; layer < layers.rows.size(); ++layer) {
      const HeatCell cell = cell_of(norm_of(point, layers.rows[layer].tensors));
      for (std::size_t column = first; column <= last; ++column) {
        show_worse(cells_[layer / layers_per_row_ * columns_ + column], cell);
      }
    }
  }
}

void heat_panel(GnuplotScript& script, const RunView& view, const LayerRows& layers,
                const Panel& panel) {
  step_frame(script, view, panel,
             layers.are_layers ? "Layer, input first" : "Tensor, first to last", true);
  if (layers.rows.empty()) {
    script.line("set label 'no tensor is known' at graph 0.5, graph 0.5 center textcolor rgb '{}'",
                kFaintInk);
    script.y_axis("[0:1]", "()");
    script.plot({});
    return;
  }
  const HeatGrid grid(view, layers);
  row_ticks(script, layers, grid);
  script.line("set grid noytics");
  const double columns = static_cast<double>(grid.columns());
  const HeatScale scale{-0.5, (view.steps.at(view.steps.last()) + 1.0) / columns};
  std::vector<std::string> clauses;
  if (const std::optional<Decades> range = heat_range(grid)) {
    color_box(script, panel, *range);
    clauses.push_back(image_clause(script, grid, scale));
    clauses.push_back(key_line("norm, by the scale below", "with dots linecolor rgb '#ffffff'"));
  }
  for (const HeatLook& look : kHeatLooks) {
    std::ranges::move(kind_clauses(script, grid, scale, look), std::back_inserter(clauses));
  }
  script.plot(clauses);
  script.line("unset colorbox");
  script.line("set grid ytics");
}

}  // namespace gradvitals
