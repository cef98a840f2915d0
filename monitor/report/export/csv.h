// Statistics and events as CSV, for spreadsheets, R and pandas.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trajectory_report.h"

namespace gradvitals {

// The first line names the columns. Fields are quoted as RFC 4180 says, lines end with LF. Numbers read
// back to the same double; what is not finite is nan, inf or -inf, what is not known an empty field.
// UTF-8: bytes of a name that are no UTF-8, and NUL, become U+FFFD. Names that begin with =, +, - or @
// stay as they are: a spreadsheet may take them for formulas.

/// The columns of what follows: network, step, loss, learning_rate, tensor, role, layer, dtype, rows, cols,
/// exists, count, norm (IEEE: nan with any NaN, inf with any infinity), finite_norm, rms, mean, max_abs,
/// min_abs_nonzero (of the finite part), zero_count, subnormal_count, nan_count, inf_count.
std::string statistics_csv_header();

/// Appends a row for each tensor of a step; where norms alone are known, for each of them. `network`
/// stands in the first column of a tensor whose metrics do not name one.
void append_statistics_csv(std::string& csv, std::string_view network, const HealthMetrics& metrics,
                           const StepContext& context = {});

/// All of it: networks side by side, or the steps of a run.
std::string statistics_csv(std::span<const NetworkReport> networks);

/// A row for each event of a run, in their order: run, event (began, worsened, ended), step, rule, id,
/// severity, verdict, tensor, network, value, limit, first_step, peak_step, last_step, count,
/// consequence_of, text, advice (with "; " between). Where events were left out, the last row has
/// "left_out" for its event, and how many as its count.
std::string events_csv(const TrajectoryReport& run);

}  // namespace gradvitals
