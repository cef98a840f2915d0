// What differs between runs. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "monitor/report/html/html_report.h"
#include "monitor/report/html/html_writer.h"

namespace gradvitals {

/// The steps in which two runs part: one of them is the first.
struct Parting {
  std::int64_t first_step = 0;
  std::int64_t last_step = 0;
};

/// Where loss or norm of all gradients first differ by more than 1 %, or in whether they are finite: the
/// points of the coarser run are compared. Empty where they do not.
std::optional<Parting> find_parting(const RunSeries& a, const RunSeries& b);

/// The section: verdicts, where they part, and the settings that are not the same.
void write_run_difference(HtmlWriter& out, std::span<const HtmlRun> runs);

}  // namespace gradvitals
