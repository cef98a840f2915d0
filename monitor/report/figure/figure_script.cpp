#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/notebook_limits.h"
#include "monitor/report/comparison.h"
#include "monitor/report/figure/drawable_text.h"
#include "monitor/report/figure/figure.h"
#include "monitor/report/figure/figure_axis.h"
#include "monitor/report/figure/figure_bars.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/figure/figure_foot.h"
#include "monitor/report/figure/figure_page.h"
#include "monitor/report/figure/figure_run.h"
#include "monitor/report/figure/gnuplot_string.h"
#include "monitor/report/finding_text.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

/// Texts end within the network's cell.
constexpr double kTextPixels = 585.0;
/// Of its bold font, which is wider than drawn_width() says.
constexpr double kTitlePixels = 530.0;
constexpr double kTitlePoints = 15.0;
constexpr double kReasonPoints = 11.0;
constexpr double kFaultPoints = 9.5;

constexpr std::string_view kPaleAlarm = "#f6d5d5";

/// Between the middles of two labels, in pixels.
constexpr double kLimitLabelGap = 16.0;

/// A dashed line. Its label stands above or beneath it, by so many pixels: two of them are only two
/// decades apart.
struct LimitLine {
  double norm;
  std::string_view title;
  std::string_view color;
  double label_shift;
};
constexpr std::array kLimitLines = {
    LimitLine{kNotebookVanishedNorm, "Vanished", kNormClasses[0].color, -8.0},
    LimitLine{kNotebookWeakNorm, "Weak", kNormClasses[1].color, 8.0},
    LimitLine{kNotebookLargeNorm, "Exploding", kNormClasses[3].color, 8.0},
};

// One blue: the notebook's red, green and orange would say vanished, healthy and weak in this figure.
constexpr std::string_view kStatisticColor = "#4a86b8";

/// What the verdict rests on, no wider than so many pixels; empty where it is healthy.
std::string reason_of(const Diagnosis& diagnosis, double pixels) {
  if (const std::optional<std::string> factor = backward_factor_phrase(diagnosis)) return *factor;
  const auto deciding = std::ranges::find_if(diagnosis.findings, [&](const Finding& finding) {
    return supports_verdict(finding, diagnosis);
  });
  if (deciding == diagnosis.findings.end()) return {};
  std::string reason = finding_title(*deciding);
  // Where there is no room for both, the tensor is worth more than the title.
  if (drawn_width(reason, kReasonPoints) > pixels && !deciding->tensor.empty()) {
    reason = fmt::format("{}: {}", rule_number(deciding->rule), deciding->tensor);
  }
  return fitted(reason, kReasonPoints, pixels);
}

class Script {
 public:
  Script(FigureFormat format, std::size_t networks, std::string_view output)
      : page_(format, networks) {
    if (!output.empty()) line("# Draws {} when given to gnuplot.", gnuplot_string(output));
    line("set encoding utf8");
    line("set terminal {}", page_.terminal());
    if (!output.empty()) line("set output {}", gnuplot_string(output));
    line("set style fill solid 1.0 noborder");
    line("set border 3 linecolor rgb '{}'", kFaintInk);
    line("set grid ytics linetype 1 linecolor rgb '#e4e4e4'");
    line("set tics nomirror scale 0.5 textcolor rgb '{}'", kInk);
    line("set logscale y");
    line("set multiplot");
  }

  void network(std::size_t index, const NetworkReport& network, RuleSet rules, Decades axis) {
    const Cell cell = page_.cell(index);
    norms_panel(network, rules, cell.norms, axis);
    statistics_panel(network.metrics, cell.statistics, axis);
  }

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

  void norms_panel(const NetworkReport& network, RuleSet rules, const Panel& panel, Decades axis);
  void statistics_panel(const HealthMetrics& metrics, const Panel& panel, Decades axis);

  void frame(const Panel& panel, Decades axis);
  void centered_text(std::string_view text, const Panel& panel, int pixel, const std::string& font,
                     std::string_view color);
  void subtitle(const NetworkReport& network, RuleSet rules, const Panel& panel);
  void bar_labels(const NetworkReport& network, RuleSet rules, const Panel& panel);
  void limit_lines(const Panel& panel, Decades axis);
  void foot_marks(std::span<const double> values, const Panel& panel, Decades axis);
  void norm_bars(const NetworkReport& network, RuleSet rules, const Panel& panel, Decades axis);
  std::optional<std::string> barless_points(std::span<const double> norms, const Panel& panel,
                                            Decades axis);
  std::optional<std::string> non_finite_columns(std::span<const double> norms, Decades axis);

  FigurePage page_;
  std::string text_;
};

void Script::frame(const Panel& panel, Decades axis) {
  line("unset label");
  line("unset arrow");
  line("unset key");
  line("set lmargin at screen {:.5f}", page_.screen_x(panel.left));
  line("set rmargin at screen {:.5f}", page_.screen_x(panel.right));
  line("set tmargin at screen {:.5f}", page_.screen_y(panel.top));
  line("set bmargin at screen {:.5f}", page_.screen_y(panel.bottom));
  line("set yrange [{:.6g}:{:.6g}]", std::pow(10.0, axis.low), std::pow(10.0, axis.high));
  std::vector<std::string> ticks;
  for (const int exponent : tick_exponents(axis)) {
    ticks.push_back(fmt::format("'1e{0}' 1e{0}", exponent));
  }
  line("set ytics ({}) font {}", fmt::join(ticks, ", "), page_.font(10));
}

void Script::centered_text(std::string_view text, const Panel& panel, int pixel,
                           const std::string& font, std::string_view color) {
  line("set label {} at screen {:.5f},{:.5f} center font {} textcolor rgb '{}'",
       gnuplot_string(text), page_.screen_x(panel.center()), page_.screen_y(pixel), font, color);
}

void Script::subtitle(const NetworkReport& network, RuleSet rules, const Panel& panel) {
  const std::string score =
      fmt::format("notebook score {}/8 {}", network.notebook.score, network.notebook.verdict);
  centered_text(score, panel, panel.top - 18, page_.font(10), kFaintInk);
  if (rules == RuleSet::kNotebook) return;
  std::string text(name(network.diagnosis.verdict));
  constexpr std::string_view kDot = "  ·  ";
  const double room = kTextPixels - drawn_width(text + std::string(kDot), kReasonPoints);
  const std::string reason = reason_of(network.diagnosis, room);
  if (!reason.empty()) text += fmt::format("{}{}", kDot, reason);
  centered_text(text, panel, panel.top - 41, page_.font(kReasonPoints),
                color_of(network.diagnosis.severity));
}

void Script::bar_labels(const NetworkReport& network, RuleSet rules, const Panel& panel) {
  const bool is_named = has_named_bars(network.metrics);
  std::vector<std::string> ticks;
  for (const BarTick& tick : bar_ticks(network, rules)) {
    ticks.push_back(fmt::format("{} {}", gnuplot_tick_string(tick.text), tick.place + 1));
  }
  if (ticks.empty()) {
    ticks.emplace_back("'' 1");
    line("set label 'no gradients' at graph 0.5, graph 0.5 center font {} textcolor rgb '{}'",
         page_.font(13), kFaintInk);
  }
  line("set xtics ({}) {} font {}", fmt::join(ticks, ", "),
       is_named ? "rotate by 45 right" : "norotate center", page_.font(9));
  line("set xlabel '{}'", is_named ? "" : "Layer");
  int pixel = panel.bottom + 72;
  for (const std::string& text : fault_lines(network, rules, {kFaultPoints, kTextPixels})) {
    centered_text(text, panel, pixel, page_.font(kFaultPoints), kAlarmInk);
    pixel += 18;
  }
}

void Script::limit_lines(const Panel& panel, Decades axis) {
  const double pixels = static_cast<double>(panel.bottom - panel.top);
  double least_height = -kLimitLabelGap;
  for (const LimitLine& limit : kLimitLines) {
    line(
        "set arrow from graph 0, first {0} to graph 1, first {0} nohead dashtype (8,6) "
        "linewidth 1.2 linecolor rgb '{1}' front",
        limit.norm, limit.color);
    // On an axis of many decades the limits are next to each other; their names are not.
    const double height = (std::log10(limit.norm) - axis.low) / axis.span() * pixels;
    least_height = std::max(height + limit.label_shift, least_height + kLimitLabelGap);
    line("set label '{}' at graph 1.01, graph {:.4f} left font {} textcolor rgb '{}'", limit.title,
         least_height / pixels, page_.font(9), limit.color);
  }
}

void Script::foot_marks(std::span<const double> values, const Panel& panel, Decades axis) {
  const FootLabels labels = foot_labels(values, axis, panel.right - panel.left);
  for (const FootLabel& label : labels.labels) {
    line("set label '{}' at {},{:.6g} {} font {} textcolor rgb '{}' front", label.text,
         label.middle, std::pow(10.0, axis.low),
         labels.are_upright ? "left rotate by 90 offset 0,0.4" : "center offset 0,0.7",
         page_.font(10, true), kAlarmInk);
  }
}

/// A plot clause for each class that has a bar, so that a legend entry is the colour of what was drawn
/// with it.
void Script::norm_bars(const NetworkReport& network, RuleSet rules, const Panel& panel,
                       Decades axis) {
  const std::span<const double> norms = network.metrics.gradient_norms;
  const std::vector<std::size_t> classes = classes_of(network, rules);
  std::set<std::size_t> drawn;
  line("$norms << END");
  line("0 NaN 0");  // gnuplot wants a row even where nothing has a bar.
  for (std::size_t i = 0; i < norms.size(); ++i) {
    if (foot_label(norms[i], axis)) continue;
    line("{} {} {}", i + 1, norms[i], classes[i]);
    drawn.insert(classes[i]);
  }
  line("END");
  const BarRange range = bar_range(norms.size());
  line("set xrange [{}:{}]", range.low, range.high);
  std::vector<std::string> clauses = {"$norms using 1:(NaN) with boxes notitle"};
  if (const auto columns = non_finite_columns(norms, axis)) clauses.push_back(*columns);
  if (const auto points = barless_points(norms, panel, axis)) clauses.push_back(*points);
  for (const std::size_t place : drawn) {
    const NormClass norm_class =
        place == kJudgedClass
            ? NormClass{name(network.diagnosis.verdict), color_of(network.diagnosis.severity)}
            : kNormClasses[place];
    clauses.push_back(
        fmt::format("$norms using 1:($3 == {} ? $2 : NaN) with boxes linecolor rgb '{}' title '{}'",
                    place, norm_class.color, norm_class.title));
  }
  line("plot {}", fmt::join(clauses, ", "));
}

/// The clause of a pale column from foot to top where a norm is no number: it has no bar, and a word
/// among many bars is easily missed. Empty where all are finite.
std::optional<std::string> Script::non_finite_columns(std::span<const double> norms, Decades axis) {
  if (std::ranges::all_of(norms, [](double norm) { return std::isfinite(norm); })) {
    return std::nullopt;
  }
  line("$non_finite << END");
  for (std::size_t i = 0; i < norms.size(); ++i) {
    if (!std::isfinite(norms[i])) line("{} {:.6g}", i + 1, std::pow(10.0, axis.high));
  }
  line("END");
  return fmt::format(
      "$non_finite using 1:2 with boxes fillstyle solid 1.0 border linecolor rgb '{}' "
      "fillcolor rgb '{}' title 'NaN or Inf'",
      kAlarmInk, kPaleAlarm);
}

/// The clause of points at the foot where finite values have no bar, if there is no room for all of their
/// labels. Empty where there is.
std::optional<std::string> Script::barless_points(std::span<const double> norms, const Panel& panel,
                                                  Decades axis) {
  if (!foot_labels(norms, axis, panel.right - panel.left).has_left_out) return std::nullopt;
  line("$barless << END");
  line("0 NaN");
  for (std::size_t i = 0; i < norms.size(); ++i) {
    if (!std::isfinite(norms[i]) || !foot_label(norms[i], axis)) continue;
    line("{} {:.6g}", i + 1, std::pow(10.0, axis.low));
  }
  line("END");
  return fmt::format(
      "$barless using 1:2 with points pointtype 6 pointsize 0.7 linecolor rgb '{}' "
      "title '0 or tiny'",
      kAlarmInk);
}

void Script::norms_panel(const NetworkReport& network, RuleSet rules, const Panel& panel,
                         Decades axis) {
  frame(panel, axis);
  centered_text(fitted(printable(network.name), kTitlePoints, kTitlePixels), panel, panel.top - 66,
                page_.font(kTitlePoints, true), kInk);
  subtitle(network, rules, panel);
  line(
      "set key at screen {:.5f},{:.5f} center center horizontal Left reverse samplen 0.8 width -1 "
      "font {}",
      page_.screen_x(panel.center()), page_.screen_y(panel.bottom + 165), page_.font(9.5));
  line("set ylabel 'Gradient Magnitude' textcolor rgb '{}'", kInk);
  line("set boxwidth 0.72");
  bar_labels(network, rules, panel);
  limit_lines(panel, axis);
  foot_marks(network.metrics.gradient_norms, panel, axis);
  norm_bars(network, rules, panel, axis);
}

void Script::statistics_panel(const HealthMetrics& metrics, const Panel& panel, Decades axis) {
  const std::array values = {metrics.min_gradient, metrics.max_gradient, metrics.mean_gradient,
                             metrics.std_gradient};
  // Room for the labels, which stand above the bars.
  axis.high = std::min(axis.high + 0.14 * axis.span(), kHighestExponent);
  frame(panel, axis);
  centered_text("Health Metrics Summary", panel, panel.top - 26, page_.font(12), kInk);
  line("set ylabel 'Gradient Value (log)' textcolor rgb '{}'", kInk);
  line("set xlabel ''");
  line("set xtics ('Min' 1, 'Max' 2, 'Mean' 3, 'Std' 4) norotate center font {}", page_.font(11));
  line("set xrange [0.4:4.6]");
  line("set boxwidth 0.6");
  foot_marks(values, panel, axis);
  line("$statistics << END");
  line("0 NaN");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!foot_label(values[i], axis)) line("{} {}", i + 1, values[i]);
  }
  line("END");
  // Not by `plot ... with labels`: gnuplot 5.4 crashes where none of its points has a value.
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (foot_label(values[i], axis)) continue;
    line("set label '{}' at {},{} left rotate by 45 offset 0,0.6 font {} front",
         scientific(values[i]), i + 1, values[i], page_.font(10));
  }
  line("plot $statistics using 1:2 with boxes linecolor rgb '{}' notitle", kStatisticColor);
}

}  // namespace

bool fits_figure(std::span<const NetworkReport> networks) {
  return is_run(networks) || (!networks.empty() && networks.size() <= kMaxFigureNetworks);
}

std::string figure_script(std::span<const NetworkReport> networks, RuleSet rules,
                          FigureFormat format, std::string_view output, const RunDiagnosis* run) {
  if (!fits_figure(networks)) {
    throw std::invalid_argument(
        fmt::format("figure_script: {} networks, but a figure holds 1 to {}", networks.size(),
                    kMaxFigureNetworks));
  }
  if (is_run(networks)) {
    return run_figure_script(networks, rules == RuleSet::kFull ? run : nullptr, format, output);
  }
  Script script(format, networks.size(), output);
  const std::vector<Decades> axes = figure_axes(networks);
  for (std::size_t i = 0; i < networks.size(); ++i) {
    script.network(i, drawable(networks[i], format), rules, axes[i]);
  }
  return std::move(script).finish();
}

}  // namespace gradvitals
