#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <variant>

#include "monitor/history/history_layout.h"
#include "monitor/history/history_reader.h"
#include "monitor/history/history_row.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {
namespace {

std::string row_of(const HistoryStep& step) {
  LineBuffer line;
  append_row(line, 0, step.metrics, step.context);
  const std::string_view text = line.text();
  require(text.ends_with("]\n"), "a row without its end");
  return std::string(text.substr(0, text.size() - 1));
}

void check_tensor(const TensorRecord& tensor) {
  const TensorStats& stats = tensor.stats;
  require(stats.count >= 0 && stats.zero_count >= 0 && stats.subnormal_count >= 0 &&
              stats.nan_count >= 0 && stats.inf_count >= 0,
          "a negative count");
  require(stats.zero_count + stats.nonfinite_count() <= stats.count, "counts beyond all elements");
  require(stats.first_nonfinite_index >= -1 &&
              stats.first_nonfinite_index < std::max<std::int64_t>(stats.count, 1),
          "an index beyond the elements");
  require(stats.l2_norm() >= 0 && stats.max_abs >= 0 && stats.min_abs_nonzero >= 0,
          "a negative magnitude");
  require(!std::isnan(stats.mean()), "a mean that is not a number");
}

void check_step(const HistoryStep& step, std::size_t bytes) {
  const HealthMetrics& metrics = step.metrics;
  // Two characters of the layout for each, at least.
  require(metrics.tensors.size() <= bytes && metrics.gradient_norms.size() <= bytes,
          "more tensors than bytes");
  for (const TensorRecord& tensor : metrics.tensors) check_tensor(tensor);
  for (const LayerUnits& layer : metrics.units) {
    require(layer.saturation_fraction() <= 1.0 && layer.dead_unit_fraction() <= 1.0,
            "more units than there are");
  }
  for (const double norm : metrics.gradient_norms) {
    require(std::isnan(norm) || norm >= 0, "a negative norm");
  }
  // What was read can be written, and is then the same however often it is read again.
  const std::string once = row_of(step);
  const HistoryLayout layout = layout_of(metrics);
  require(fits_layout(layout, metrics), "metrics that do not fit their own layout");
  const std::string twice = row_of(parse_row(once, layout));
  require(row_of(parse_row(twice, layout)) == twice, "a row that changes when it is read");
}

}  // namespace

void fuzz_history(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  read_or_refuse("fuzz: ", [&] {
    HistoryReader reader(text, "fuzz");
    while (const auto record = reader.next()) {
      if (const auto* step = std::get_if<HistoryStep>(&*record)) check_step(*step, text.size());
    }
    require(reader.notes().damaged_lines >= 0 && reader.notes().superseded_rows >= 0,
            "a negative count of lines");
  });
}

}  // namespace gradvitals::test
