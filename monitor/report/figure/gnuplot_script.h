// A gnuplot script of several panels on one page, as it is written. Internal.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/report/figure/figure.h"
#include "monitor/report/figure/figure_page.h"

namespace gradvitals {

enum class TextAlign : std::uint8_t { kLeft, kCenter, kRight };

struct TextLook {
  double points = 10.0;
  bool is_bold = false;
  std::string_view color = kInk;
  TextAlign align = TextAlign::kLeft;
};

class GnuplotScript {
 public:
  /// `output` is the file that it draws into; empty: its standard output.
  GnuplotScript(FigureFormat format, const FigurePage& page, std::string_view output);

  const FigurePage& page() const { return page_; }
  FigureFormat format() const { return format_; }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  /// A panel without what the one before had: labels, arrows, objects, key, ticks.
  void frame(const Panel& panel);
  /// On the page, in pixels from its upper left corner, drawn with the next plot. Of drawable() text.
  void text(std::string_view text, int x, int y, const TextLook& look);
  /// The key right of the panel, from its top downwards.
  void key_beside(const Panel& panel);
  /// Range and ticks of an axis; "()" for no ticks.
  void x_axis(double low, double high, std::string_view ticks);
  void y_axis(std::string_view range, std::string_view ticks);
  /// `plot` with these clauses; one without any draws the frame alone.
  void plot(const std::vector<std::string>& clauses);

  std::string finish() &&;

 private:
  FigureFormat format_;
  FigurePage page_;
  std::string text_;
};

/// A clause that draws nothing but its line in the key.
std::string key_line(std::string_view title, std::string_view look);

}  // namespace gradvitals
