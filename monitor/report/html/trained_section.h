// How the networks of a comparison trained. Internal.
#pragma once

#include <span>

#include "monitor/report/html/html_page.h"
#include "monitor/report/html/html_writer.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trained_comparison.h"

namespace gradvitals {

/// Writes the section and returns the runs for the page's script; nothing where there are no trainings.
Json write_trainings(HtmlWriter& out, std::span<const NetworkReport> networks,
                     std::span<const TrainedComparison> trainings);

}  // namespace gradvitals
