#include "monitor/report/figure/figure_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace gradvitals {
namespace {

// The notebook's figure is 18 x 12 inches for three networks: a cell is 6 x 12, at 100 pixels an inch.
constexpr int kPixelsPerInch = 100;
constexpr int kCellWidth = 600;
constexpr int kCellHeight = 1200;
constexpr int kCellsPerRow = 3;

constexpr double kBasePoints = 11.0;

/// Points of a format's page for one point of the PNG page, on which text has the same proportion.
/// Measured: a point is 96/72 of a pixel in pngcairo, one pixel in svg, and 96/72 of 1/72 inch in
/// pdfcairo.
double point_scale(FigureFormat format) {
  switch (format) {
    case FigureFormat::kSvg:
      return 96.0 / 72.0;
    case FigureFormat::kPdf:
      return 72.0 / kPixelsPerInch;
    case FigureFormat::kPng:
    case FigureFormat::kGnuplot:
      return 1.0;
  }
  return 1.0;
}

}  // namespace

FigurePage::FigurePage(FigureFormat format, std::size_t networks) : format_(format) {
  const int count = static_cast<int>(networks);
  width_ = std::min(count, kCellsPerRow) * kCellWidth;
  height_ = (count + kCellsPerRow - 1) / kCellsPerRow * kCellHeight;
}

FigurePage FigurePage::of_size(FigureFormat format, int width, int height) {
  FigurePage page(format, 1);
  page.width_ = width;
  page.height_ = height;
  return page;
}

Cell FigurePage::cell(std::size_t index) const {
  const int left = static_cast<int>(index) % kCellsPerRow * kCellWidth + 95;
  const int right = left + kCellWidth - 172;
  const int top = static_cast<int>(index) / kCellsPerRow * kCellHeight;
  return {{left, right, top + 100, top + 530}, {left, right, top + 765, top + 1145}};
}

std::string FigurePage::terminal() const {
  const bool is_pdf = format_ == FigureFormat::kPdf;
  const std::string size =
      is_pdf ? fmt::format("{}in,{}in", static_cast<double>(width_) / kPixelsPerInch,
                           static_cast<double>(height_) / kPixelsPerInch)
             : fmt::format("{},{}", width_, height_);
  std::string_view kind = "pngcairo";
  if (is_pdf) kind = "pdfcairo fontscale 1";
  if (format_ == FigureFormat::kSvg) kind = "svg dynamic";
  return fmt::format("{} noenhanced size {} font {} background '#ffffff'", kind, size,
                     font(kBasePoints));
}

std::string FigurePage::font(double points, bool is_bold) const {
  // SVG names the generic family as browsers do, and has another word for bold.
  const bool is_svg = format_ == FigureFormat::kSvg;
  const std::string_view bold = is_svg ? " bold" : ":Bold";
  return fmt::format("'{}{},{:.3g}'", is_svg ? "sans-serif" : "sans", is_bold ? bold : "",
                     points * point_scale(format_));
}

}  // namespace gradvitals
