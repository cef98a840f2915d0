// The panel of a run's figure that shows every layer's norm at every step as a colour: where it began, and
// how it spread. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "monitor/report/figure/gnuplot_script.h"
#include "monitor/report/figure/run_view.h"

namespace gradvitals {

enum class HeatKind : std::uint8_t { kNoStep, kMissing, kZero, kFinite, kNonFinite };

struct HeatCell {
  HeatKind kind = HeatKind::kNoStep;
  double norm = 0.0;  ///< Where it is finite.
};

/// Rows and columns as large as the panel has room for. Where a cell holds several layers or steps, it
/// shows the worst of them: what is not finite, else the largest norm.
class HeatGrid {
 public:
  HeatGrid(const RunView& view, const LayerRows& layers);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::size_t layers_per_row() const { return layers_per_row_; }
  const HeatCell& at(std::size_t row, std::size_t column) const {
    return cells_[row * columns_ + column];
  }

 private:
  std::size_t layers_per_row_;
  std::size_t rows_;
  std::size_t columns_;
  std::vector<HeatCell> cells_;
};

void heat_panel(GnuplotScript& script, const RunView& view, const LayerRows& layers,
                const Panel& panel);

}  // namespace gradvitals
