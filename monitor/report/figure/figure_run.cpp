#include "monitor/report/figure/figure_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "monitor/report/figure/figure_axis.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/figure/figure_page.h"
#include "monitor/report/figure/gnuplot_string.h"
#include "monitor/report/figure/step_axis.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {
namespace {

constexpr int kStepsPageWidth = 1200;
constexpr int kStepsPageHeight = 700;
/// Of the plot, without the margins.
constexpr int kStepsPlotWidth = 1080;

struct Series {
  const char* block;
  const char* title;
  const char* style;
  double (*value)(const HealthMetrics& metrics);
};
constexpr std::array kSeries = {
    Series{"$largest", "largest tensor", "linewidth 1.2 linecolor rgb '#9dbfdc'",
           [](const HealthMetrics& metrics) { return metrics.max_gradient; }},
    Series{"$all", "all gradients", "linewidth 2.4 linecolor rgb '#2b6ca3'",
           [](const HealthMetrics& metrics) { return global_norm(metrics); }},
    Series{"$smallest", "smallest tensor", "linewidth 1.2 linecolor rgb '#b9b9b9'",
           [](const HealthMetrics& metrics) { return metrics.min_gradient; }},
};

bool can_be_drawn(double value) {
  return std::isfinite(value) && value > 0.0;
}

/// Room for every value that can be drawn; some decades where none can.
Decades axis_of(std::span<const NetworkReport> networks) {
  Decades axis{kHighestExponent, kLowestExponent};
  for (const NetworkReport& network : networks) {
    for (const Series& series : kSeries) {
      const double value = series.value(network.metrics);
      if (!can_be_drawn(value)) continue;
      axis.low = std::min(axis.low, std::floor(std::log10(value) - 0.2));
      axis.high = std::max(axis.high, std::ceil(std::log10(value) + 0.2));
    }
  }
  if (axis.low > axis.high) return {-7.0, 2.0};
  return {std::max(axis.low, kLowestExponent), std::min(axis.high, kHighestExponent)};
}

class RunScript {
 public:
  RunScript(FigureFormat format, std::string_view output, StepAxis steps, Decades axis)
      : page_(FigurePage::of_size(format, kStepsPageWidth, kStepsPageHeight)),
        steps_(steps),
        axis_(axis) {
    if (!output.empty()) line("# Draws {} when given to gnuplot.", gnuplot_string(output));
    line("set encoding utf8");
    line("set terminal {}", page_.terminal());
    if (!output.empty()) line("set output {}", gnuplot_string(output));
    line("set border 3 linecolor rgb '{}'", kFaintInk);
    line("set grid ytics linetype 1 linecolor rgb '#e4e4e4'");
    line("set tics nomirror scale 0.5 textcolor rgb '{}' font {}", kInk, page_.font(10));
    line("set logscale y");
    line("set tmargin 6");
    line("set bmargin 6");
    line("set key at screen 0.5,0.035 center center horizontal font {}", page_.font(10));
    line("set xlabel 'Step' textcolor rgb '{}'", kInk);
    line("set ylabel 'Gradient norm (L2)' textcolor rgb '{}'", kInk);
  }

  void axes() {
    line("set xrange [{:.10g}:{:.10g}]", steps_.low(), steps_.high());
    line("set xtics {}", steps_.tick_list(kStepsPlotWidth));
    line("set yrange [{:.6g}:{:.6g}]", std::pow(10.0, axis_.low), std::pow(10.0, axis_.high));
    std::vector<std::string> ticks;
    for (const int exponent : tick_exponents(axis_)) {
      ticks.push_back(fmt::format("'1e{0}' 1e{0}", exponent));
    }
    line("set ytics ({})", fmt::join(ticks, ", "));
  }

  void title(std::size_t steps, const RunDiagnosis* run) {
    line(
        "set label 'Gradient norms of {} steps' at graph 0.5,1.11 center font {} textcolor rgb "
        "'{}'",
        steps, page_.font(15, true), kInk);
    if (run == nullptr) return;
    std::string text(name(run->verdict));
    if (run->first_bad_step && run->first_bad_step->step) {
      const std::int64_t step = *run->first_bad_step->step;
      text += fmt::format("  ·  first bad step {}", step);
      line(
          "set arrow from {0}, graph 0 to {0}, graph 1 nohead dashtype (8,6) linewidth 1.6 "
          "linecolor rgb '{1}'",
          steps_.at(step), color_of(run->severity));
    }
    line("set label '{}' at graph 0.5,1.05 center font {} textcolor rgb '{}'", text, page_.font(12),
         color_of(run->severity));
  }

  void lines(std::span<const NetworkReport> networks) {
    std::vector<std::string> clauses;
    for (const Series& series : kSeries) {
      line("{} << END", series.block);
      // A step that has no point breaks the line.
      for (const NetworkReport& network : networks) {
        const double value = series.value(network.metrics);
        line("{:.10g} {}", steps_.at(*network.metrics.step),
             can_be_drawn(value) ? fmt::to_string(value) : "NaN");
      }
      line("END");
      clauses.push_back(
          fmt::format("{} using 1:2 with linespoints pointtype 7 pointsize 0.4 {} "
                      "title '{}'",
                      series.block, series.style, series.title));
    }
    clauses.push_back(marks(networks, "$nonfinite", "NaN or Inf", 2, axis_.high,
                            [](double norm) { return !std::isfinite(norm); }));
    clauses.push_back(
        marks(networks, "$zero", "zero", 6, axis_.low, [](double norm) { return norm == 0.0; }));
    line("plot {}", fmt::join(clauses, ", "));
    line("unset output");
  }

  std::string finish() && { return std::move(text_); }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  /// The clause of marks where the norm of all gradients is no point of a line, at the top or the foot.
  std::string marks(std::span<const NetworkReport> networks, std::string_view block,
                    std::string_view title, int point_type, double exponent,
                    bool (*is_marked)(double norm)) {
    // A row without a value keeps the plot where no step has a mark.
    line("{} << END\n0 NaN", block);
    bool has_marks = false;
    for (const NetworkReport& network : networks) {
      if (!is_marked(global_norm(network.metrics))) continue;
      line("{:.10g} {:.6g}", steps_.at(*network.metrics.step), std::pow(10.0, exponent));
      has_marks = true;
    }
    line("END");
    return fmt::format(
        "{} using 1:2 with points pointtype {} pointsize 1.2 linewidth 2 linecolor rgb '{}' {}",
        block, point_type, kAlarmInk, has_marks ? fmt::format("title '{}'", title) : "notitle");
  }

  FigurePage page_;
  StepAxis steps_;
  Decades axis_;
  std::string text_;
};

}  // namespace

bool is_run(std::span<const NetworkReport> networks) {
  if (networks.size() < 2 || !networks.front().metrics.step) return false;
  // Nothing is less than any step: a network without one ends the run.
  return std::ranges::adjacent_find(networks, std::greater_equal<>(), [](const NetworkReport& one) {
           return one.metrics.step;
         }) == networks.end();
}

std::string run_figure_script(std::span<const NetworkReport> networks, const RunDiagnosis* run,
                              FigureFormat format, std::string_view output) {
  const StepAxis steps(*networks.front().metrics.step, *networks.back().metrics.step);
  RunScript script(format, output, steps, axis_of(networks));
  script.axes();
  script.title(networks.size(), run);
  script.lines(networks);
  return std::move(script).finish();
}

}  // namespace gradvitals
