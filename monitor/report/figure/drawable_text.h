// Text that a figure can show. Internal.
#pragma once

#include <string>
#include <string_view>

#include "monitor/report/figure/figure.h"
#include "monitor/report/network_report.h"

namespace gradvitals {

/// Printable text in characters that the fonts of gnuplot's cairo terminals have; others as escapes
/// (\u4e2d). An SVG keeps them: there the viewer chooses the fonts.
std::string drawable(std::string_view text, FigureFormat format);

/// The same of everything in it that a figure shows.
NetworkReport drawable(NetworkReport network, FigureFormat format);

}  // namespace gradvitals
