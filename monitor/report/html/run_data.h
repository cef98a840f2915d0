// Runs as the page's script takes them. Internal.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/history/bounded_history.h"
#include "monitor/history/run_series.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/report/html/html_page.h"
#include "monitor/report/html/html_sections.h"

namespace gradvitals {

/// A run of which the curves are known: {"name", "letter", "first", "last", "loss", "norm", "rate", "tensors",
/// "marks"}. `letter` tells it from others on the page; empty where it is alone.
Json curves_json(std::string_view name, std::string_view letter,
                 std::span<const HistoryInterval> intervals);

/// The same with its vital signs over the steps ("signs") and its gradients: "tensors", "labels", "layers" and
/// "heat", the norms of each point as floats of three bytes in base64, point by point, with what its steps held as bits
/// (1: a finite norm, 2: NaN or Inf, 4: no gradient); "flows", from which the gain of each layer follows;
/// "faults", the tensors that `findings` name.
Json series_json(std::string_view name, std::string_view letter, const RunSeries& series,
                 std::span<const PageFinding> findings);

/// Which vital signs are shown over the steps, with the ranges in which they are normal.
Json sign_charts_json(const Thresholds& thresholds);

/// The table of the gradients of runs: at their last step, and over the run.
Json series_tensors_json(std::span<const RunSeries* const> runs);

/// "A", "B", ... of those that stand side by side; empty for one that is alone.
std::string run_letter(std::size_t place, std::size_t count);

/// One sentence: how many steps a point of the curves stands for.
std::string decimation_sentence(const RunSeries& series);

}  // namespace gradvitals
