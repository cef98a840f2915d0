#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "monitor/report/figure.h"
#include "monitor/report/figure_axis.h"
#include "monitor/report/gnuplot_string.h"
#include "monitor/report/number_text.h"
#include "monitor/report/seed_limits.h"
#include "monitor/rules/seed_interpreter.h"

namespace gradvitals {
namespace {

// The seed's figure is 18 x 12 inches for three networks; here a cell is 6 x 12 at 100 pixels an
// inch.
constexpr int kCellWidth = 600;
constexpr int kCellHeight = 1200;
constexpr int kCellsPerRow = 3;
/// Cairo draws at most 32767 pixels: 27 rows of cells.
constexpr std::size_t kMaxNetworks = 48;

/// More bars than this leave no room for their names.
constexpr std::size_t kMaxNamedBars = 24;
constexpr int kMaxNameColumns = 18;

constexpr std::string_view kInk = "#222222";
constexpr std::string_view kFaintInk = "#666666";

/// The seed's classes, in its colours, in a shade that is easy to look at.
struct NormClass {
  std::string_view title;
  std::string_view color;
};
constexpr std::array kNormClasses = {
    NormClass{"Vanished (below 1e-6)", "#d62728"},
    NormClass{"Weak (below 1e-4)", "#ff9800"},
    NormClass{"Healthy", "#2e9f4f"},
    NormClass{"Exploding (above 10)", "#8e44ad"},
};

std::size_t class_of(double norm) {
  if (norm < kSeedVanishedNorm) return 0;
  if (norm < kSeedWeakNorm) return 1;
  return norm > kSeedLargeNorm ? 3 : 2;
}

/// A dashed line. Its label stands above or beneath it, because two limits are only two decades
/// apart.
struct LimitLine {
  double norm;
  std::string_view title;
  std::string_view color;
  double label_shift;
};
constexpr std::array kLimitLines = {
    LimitLine{kSeedVanishedNorm, "Vanished", kNormClasses[0].color, -0.5},
    LimitLine{kSeedWeakNorm, "Weak", kNormClasses[1].color, 0.5},
    LimitLine{kSeedLargeNorm, "Exploding", kNormClasses[3].color, 0.5},
};

// One blue: the seed's red, green and orange would say vanished, healthy and weak in this figure.
constexpr std::string_view kStatisticColor = "#4a86b8";

/// The place of a plot, in pixels from the upper left corner.
struct Panel {
  int left;
  int right;
  int top;
  int bottom;
};

/// The two panels of a network.
struct Cell {
  Panel norms;
  Panel statistics;
};

/// Three networks side by side; further ones beneath them.
Cell cell_of(std::size_t index) {
  const int left = static_cast<int>(index) % kCellsPerRow * kCellWidth + 85;
  const int right = left + kCellWidth - 165;
  const int top = static_cast<int>(index) / kCellsPerRow * kCellHeight;
  return {{left, right, top + 100, top + 530}, {left, right, top + 765, top + 1145}};
}

struct Canvas {
  int width;
  int height;
};

Canvas canvas_for(std::size_t networks) {
  const int count = static_cast<int>(networks);
  const int rows = (count + kCellsPerRow - 1) / kCellsPerRow;
  return {std::min(count, kCellsPerRow) * kCellWidth, rows * kCellHeight};
}

std::string terminal(FigureFormat format, Canvas canvas) {
  switch (format) {
    case FigureFormat::kSvg:
      return fmt::format(
          "svg noenhanced size {},{} dynamic font 'sans-serif,15' background '#ffffff'",
          canvas.width, canvas.height);
    case FigureFormat::kPdf:
      return fmt::format("pdfcairo noenhanced size {}in,{}in font 'sans,11' background '#ffffff'",
                         canvas.width / 100.0, canvas.height / 100.0);
    case FigureFormat::kPng:
    case FigureFormat::kGnuplot:
      break;
  }
  return fmt::format("pngcairo noenhanced size {},{} font 'sans,11' background '#ffffff'",
                     canvas.width, canvas.height);
}

std::string_view color_of(Severity severity) {
  switch (severity) {
    case Severity::kOk:
    case Severity::kInfo:
      return kNormClasses[2].color;
    case Severity::kWarning:
      return "#b36b00";
    case Severity::kCritical:
      return "#b71c1c";
  }
  return kInk;
}

class Script {
 public:
  Script(FigureFormat format, Canvas canvas, std::string_view output) : canvas_(canvas) {
    line("set encoding utf8");
    line("set terminal {}", terminal(format, canvas));
    if (!output.empty()) line("set output {}", gnuplot_string(output));
    line("set style fill solid 1.0 noborder");
    line("set border 3 linecolor rgb '{}'", kFaintInk);
    line("set grid ytics linetype 1 linecolor rgb '#e4e4e4'");
    line("set tics nomirror scale 0.5 textcolor rgb '{}'", kInk);
    line("set logscale y");
    line("set multiplot");
  }

  void norms_panel(const NetworkReport& network, RuleSet rules, const Panel& panel, Decades axis,
                   bool with_legend);
  void statistics_panel(const HealthMetrics& metrics, const Panel& panel, Decades axis);

  std::string finish() && {
    line("unset multiplot");
    line("unset output");
    return std::move(text_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  // gnuplot's screen coordinates are fractions, from the lower left corner.
  double x(int pixel) const { return static_cast<double>(pixel) / canvas_.width; }
  double y(int pixel) const { return 1.0 - static_cast<double>(pixel) / canvas_.height; }

  void frame(const Panel& panel, Decades axis);
  void centered_text(std::string_view text, const Panel& panel, int pixel, std::string_view font,
                     std::string_view color);
  void bar_ticks(const HealthMetrics& metrics);
  void foot_labels(std::span<const double> values, Decades axis);
  void limit_lines();
  void norm_bars(std::span<const double> norms, Decades axis);

  Canvas canvas_;
  std::string text_;
};

void Script::frame(const Panel& panel, Decades axis) {
  line("unset label");
  line("unset arrow");
  line("unset key");
  line("set lmargin at screen {:.5f}", x(panel.left));
  line("set rmargin at screen {:.5f}", x(panel.right));
  line("set tmargin at screen {:.5f}", y(panel.top));
  line("set bmargin at screen {:.5f}", y(panel.bottom));
  line("set yrange [{:.6g}:{:.6g}]", std::pow(10.0, axis.low), std::pow(10.0, axis.high));
  std::vector<std::string> ticks;
  for (const int exponent : tick_exponents(axis)) {
    ticks.push_back(fmt::format("'1e{0}' 1e{0}", exponent));
  }
  line("set ytics ({})", fmt::join(ticks, ", "));
}

void Script::centered_text(std::string_view text, const Panel& panel, int pixel,
                           std::string_view font, std::string_view color) {
  line("set label {} at screen {:.5f},{:.5f} center font '{}' textcolor rgb '{}'",
       gnuplot_string(text), x((panel.left + panel.right) / 2), y(pixel), font, color);
}

/// Names under the bars while they fit, else numbers as in the seed's figure.
void Script::bar_ticks(const HealthMetrics& metrics) {
  std::vector<std::string_view> names;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kGradient && tensor.exists) names.push_back(tensor.name);
  }
  const std::size_t bars = metrics.gradient_norms.size();
  const bool named = names.size() == bars && bars <= kMaxNamedBars;
  const std::size_t step = named ? 1 : (bars + 11) / 12;
  std::vector<std::string> ticks;
  for (std::size_t i = 0; i < bars; i += step) {
    const std::string text = named ? shortened(names[i], kMaxNameColumns) : fmt::to_string(i + 1);
    ticks.push_back(fmt::format("{} {}", gnuplot_tick_string(text), i + 1));
  }
  line("set xtics ({}) {}", fmt::join(ticks, ", "),
       named ? "rotate by 45 right font ',9'" : "norotate center font ',10'");
  line("set xlabel {}", named ? "''" : "'Layer'");
}

/// What has no bar on a logarithmic axis is said in words, where the bar would stand.
void Script::foot_labels(std::span<const double> values, Decades axis) {
  const bool is_dense = values.size() > 12;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::optional<std::string> label = foot_label(values[i], axis);
    if (!label) continue;
    line("set label '{}' at {},1e{} {} font ':Bold' textcolor rgb '{}' front", *label, i + 1,
         axis.low, is_dense ? "left rotate by 90 offset 0,0.5" : "center offset 0,0.7",
         color_of(Severity::kCritical));
  }
}

void Script::limit_lines() {
  for (const LimitLine& limit : kLimitLines) {
    line(
        "set arrow from graph 0, first {0} to graph 1, first {0} nohead dashtype (8,6) linewidth "
        "1.2 "
        "linecolor rgb '{1}' front",
        limit.norm, limit.color);
    line("set label '{}' at graph 1.01, first {} left offset 0,{} font ',9' textcolor rgb '{}'",
         limit.title, limit.norm, limit.label_shift, limit.color);
  }
}

/// A plot clause for each class, so that each legend entry is what was drawn with it.
void Script::norm_bars(std::span<const double> norms, Decades axis) {
  line("$norms << END");
  // A block must hold a row, and a class without a bar still has its place in the legend.
  line("0 NaN 0");
  for (std::size_t i = 0; i < norms.size(); ++i) {
    if (!foot_label(norms[i], axis)) line("{} {} {}", i + 1, norms[i], class_of(norms[i]));
  }
  line("END");
  const double bars = static_cast<double>(norms.size());
  const double room = std::max(0.0, (5.0 - bars) / 2);
  line("set xrange [{}:{}]", 0.4 - room, bars + 0.6 + room);
  std::vector<std::string> clauses;
  for (std::size_t i = 0; i < kNormClasses.size(); ++i) {
    clauses.push_back(
        fmt::format("$norms using 1:($3 == {} ? $2 : NaN) with boxes linecolor rgb '{}' title '{}'",
                    i, kNormClasses[i].color, kNormClasses[i].title));
  }
  line("plot {}", fmt::join(clauses, ", "));
}

std::string seed_subtitle(const HealthMetrics& metrics) {
  const SeedScore seed = seed_score(metrics);
  return fmt::format("seed score {}/8 {}", seed.score, seed.verdict);
}

void Script::norms_panel(const NetworkReport& network, RuleSet rules, const Panel& panel,
                         Decades axis, bool with_legend) {
  const HealthMetrics& metrics = network.metrics;
  frame(panel, axis);
  centered_text(shortened(network.name, 44), panel, panel.top - 66, ":Bold,15", kInk);
  std::string subtitle = seed_subtitle(metrics);
  std::string_view color = kFaintInk;
  if (rules == RuleSet::kFull) {
    subtitle = fmt::format("{}  ·  {}", name(network.diagnosis.verdict), subtitle);
    color = color_of(network.diagnosis.severity);
  }
  centered_text(subtitle, panel, panel.top - 36, ",11", color);
  if (with_legend) {
    line(
        "set key at screen 0.5,{:.5f} center center horizontal maxrows 1 Left reverse samplen 1.2 "
        "width 2 font ',11'",
        y(panel.bottom + 150));
  }
  line("set ylabel 'Gradient Magnitude'");
  line("set boxwidth 0.72");
  bar_ticks(metrics);
  limit_lines();
  foot_labels(metrics.gradient_norms, axis);
  norm_bars(metrics.gradient_norms, axis);
}

void Script::statistics_panel(const HealthMetrics& metrics, const Panel& panel, Decades axis) {
  const std::array values = {metrics.min_gradient, metrics.max_gradient, metrics.mean_gradient,
                             metrics.std_gradient};
  // Room for the labels, which stand above the bars.
  axis.high = std::min(axis.high + 0.14 * axis.span(), kHighestExponent);
  frame(panel, axis);
  centered_text("Health Metrics Summary", panel, panel.top - 26, ",12", kInk);
  line("set ylabel 'Gradient Value (log)'");
  line("set xlabel ''");
  line("set xtics ('Min' 1, 'Max' 2, 'Mean' 3, 'Std' 4) norotate center font ',11'");
  line("set xrange [0.4:4.6]");
  line("set boxwidth 0.6");
  foot_labels(values, axis);
  line("$statistics << END");
  line("0 NaN ''");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!foot_label(values[i], axis)) {
      line("{} {} {}", i + 1, values[i], scientific(values[i]));
    }
  }
  line("END");
  line(
      "plot $statistics using 1:2 with boxes linecolor rgb '{}' notitle, "
      "$statistics using 1:2:3 with labels left rotate by 45 offset 0,0.6 font ',10' notitle",
      kStatisticColor);
}

}  // namespace

std::string figure_script(std::span<const NetworkReport> networks, RuleSet rules,
                          FigureFormat format, std::string_view output) {
  if (networks.empty() || networks.size() > kMaxNetworks) {
    throw std::invalid_argument(fmt::format(
        "figure_script: {} networks, but a figure holds 1 to {}", networks.size(), kMaxNetworks));
  }
  Script script(format, canvas_for(networks.size()), output);
  const std::vector<Decades> axes = figure_axes(networks);
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const Cell cell = cell_of(i);
    script.norms_panel(networks[i], rules, cell.norms, axes[i], i % kCellsPerRow == 0);
    script.statistics_panel(networks[i].metrics, cell.statistics, axes[i]);
  }
  return std::move(script).finish();
}

}  // namespace gradvitals
