// The page that the figure stands on: its size, where the plots are, its inks and fonts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "monitor/report/figure/figure.h"

namespace gradvitals {

inline constexpr std::string_view kInk = "#222222";
inline constexpr std::string_view kFaintInk = "#666666";

/// The place of a plot, in pixels from the page's upper left corner.
struct Panel {
  int left;
  int right;
  int top;
  int bottom;

  int center() const { return (left + right) / 2; }
};

/// The two plots of a network.
struct Cell {
  Panel norms;
  Panel statistics;
};

/// Pages differ in nothing but how big a point is.
class FigurePage {
 public:
  FigurePage(FigureFormat format, std::size_t networks);

  /// A page that is so many pixels large.
  static FigurePage of_size(FigureFormat format, int width, int height);

  /// The plots of a network: three networks side by side, further ones beneath them.
  Cell cell(std::size_t index) const;

  // gnuplot's screen coordinates are fractions of the page, from the lower left corner.
  double screen_x(int pixel) const { return static_cast<double>(pixel) / width_; }
  double screen_y(int pixel) const { return 1.0 - static_cast<double>(pixel) / height_; }

  /// What follows `set terminal`.
  std::string terminal() const;

  /// What follows `font`, for a size in points of the PNG page.
  std::string font(double points, bool is_bold = false) const;

 private:
  FigureFormat format_;
  int width_;
  int height_;
};

}  // namespace gradvitals
