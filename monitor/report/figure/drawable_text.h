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

/// About how wide a text is in pixels of the PNG page, in a font of so many points; rather too much.
double drawn_width(std::string_view text, double points);

/// The text with so much of its middle cut that it is no wider.
std::string fitted(const std::string& text, double points, double pixels);

/// The same as drawable() of everything in it that a figure shows.
NetworkReport drawable(NetworkReport network, FigureFormat format);

}  // namespace gradvitals
