// The sections that pages of runs have in common, whether they were judged step by step or not. Internal.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/report/html/html_report.h"
#include "monitor/report/html/html_writer.h"

namespace gradvitals {

/// {id, title} of the sections of a run's page: those before the plots, then those of write_run_plots().
std::vector<std::pair<std::string, std::string>> run_section_links(
    std::vector<std::pair<std::string, std::string>> before);

/// Curves, vital signs over the steps, heat map, norms at a step and the table of tensors. `decimation` says
/// what a point of the curves is.
void write_run_plots(HtmlWriter& out, const HtmlOptions& options, std::string_view decimation);

}  // namespace gradvitals
