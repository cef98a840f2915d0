#include "monitor/report/figure/gnuplot_script.h"

#include "monitor/report/figure/gnuplot_string.h"
#include "monitor/report/figure/run_page.h"

namespace gradvitals {
namespace {

std::string_view align_word(TextAlign align) {
  if (align == TextAlign::kCenter) return "center";
  return align == TextAlign::kRight ? "right" : "left";
}

}  // namespace

GnuplotScript::GnuplotScript(FigureFormat format, const FigurePage& page, std::string_view output)
    : format_(format), page_(page) {
  if (!output.empty()) line("# Draws {} when given to gnuplot.", gnuplot_string(output));
  line("set encoding utf8");
  line("set terminal {}", page_.terminal());
  if (!output.empty()) line("set output {}", gnuplot_string(output));
  line("set border 3 linecolor rgb '{}'", kFaintInk);
  line("set grid ytics linetype 1 linecolor rgb '#e4e4e4'");
  line("set tics scale 0.5 textcolor rgb '{}'", kInk);
  // Where a row lacks a value, a line goes on; an empty row breaks it.
  line("set datafile missing '-'");
  line("set multiplot");
}

void GnuplotScript::frame(const Panel& panel) {
  for (const char* part :
       {"label", "arrow", "object", "key", "xlabel", "ylabel", "xtics", "ytics", "logscale"}) {
    line("unset {}", part);
  }
  line("set lmargin at screen {:.5f}", page_.screen_x(panel.left));
  line("set rmargin at screen {:.5f}", page_.screen_x(panel.right));
  line("set tmargin at screen {:.5f}", page_.screen_y(panel.top));
  line("set bmargin at screen {:.5f}", page_.screen_y(panel.bottom));
}

void GnuplotScript::text(std::string_view text, int x, int y, const TextLook& look) {
  line("set label {} at screen {:.5f},{:.5f} {} font {} textcolor rgb '{}'", gnuplot_string(text),
       page_.screen_x(x), page_.screen_y(y), align_word(look.align),
       page_.font(look.points, look.is_bold), look.color);
}

void GnuplotScript::key_beside(const Panel& panel) {
  line(
      "set key at screen {:.5f},{:.5f} left top vertical maxrows 20 Left reverse samplen 2.2 "
      "font {} textcolor rgb '{}'",
      page_.screen_x(panel.right + 14), page_.screen_y(panel.top), page_.font(kKeyPoints), kInk);
}

void GnuplotScript::x_axis(double low, double high, std::string_view ticks) {
  line("set xrange [{:.10g}:{:.10g}]", low, high);
  // gnuplot takes an empty list for its own ticks.
  if (ticks == "()") return;
  line("set xtics nomirror norotate center {} font {}", ticks, page_.font(9));
}

void GnuplotScript::y_axis(std::string_view range, std::string_view ticks) {
  line("set yrange {}", range);
  if (ticks == "()") return;
  line("set ytics nomirror {} font {}", ticks, page_.font(9));
}

void GnuplotScript::plot(const std::vector<std::string>& clauses) {
  // gnuplot refuses a plot none of whose data have a point, but takes such a function.
  line("plot NaN notitle{}{}", clauses.empty() ? "" : ", \\\n  ", fmt::join(clauses, ", \\\n  "));
}

std::string GnuplotScript::finish() && {
  line("unset multiplot");
  line("unset output");
  return std::move(text_);
}

std::string key_line(std::string_view title, std::string_view look) {
  return fmt::format("NaN {} title {}", look, gnuplot_string(title));
}

}  // namespace gradvitals
