#include "monitor/report/figure/trajectory_figure.h"

#include <fmt/format.h>

#include <algorithm>

#include "monitor/report/figure/curve_panels.h"
#include "monitor/report/figure/drawable_text.h"
#include "monitor/report/figure/event_marks.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/figure/gnuplot_script.h"
#include "monitor/report/figure/heat_panel.h"
#include "monitor/report/figure/layer_panel.h"
#include "monitor/report/figure/run_page.h"
#include "monitor/report/figure/run_view.h"
#include "monitor/report/figure/sign_panels.h"
#include "monitor/report/figure/tensor_panel.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

constexpr int kMostTitleLetters = 110;
/// A line across the page.
constexpr std::size_t kMostLineLetters = 185;
constexpr std::size_t kMostSentenceLines = 2;
constexpr std::size_t kMostAdviceLines = 2;
constexpr std::size_t kMostNotes = 2;

/// Broken at blanks; what is beyond the last line is cut.
std::vector<std::string> wrapped(std::string_view text, std::size_t most_lines) {
  std::vector<std::string> lines;
  while (text.size() > kMostLineLetters && lines.size() + 1 < most_lines) {
    const std::size_t blank = text.substr(0, kMostLineLetters).find_last_of(' ');
    if (blank == std::string_view::npos || blank == 0) break;
    lines.emplace_back(text.substr(0, blank));
    text.remove_prefix(blank + 1);
  }
  lines.push_back(shortened(text, static_cast<int>(kMostLineLetters)));
  return lines;
}

void heading(GnuplotScript& script, const RunView& view) {
  script.text(shortened(drawable(view.run.name, view.format), kMostTitleLetters), kRunTextLeft,
              kTitleBaseline, {.points = 15, .is_bold = true});
  const Severity severity = marked_severity(view.run);
  const std::string sentence =
      is_judged(view.run) ? fmt::format("{}: {}", name(severity), run_verdict_sentence(view.run))
                          : run_verdict_sentence(view.run);
  int y = kSentenceBaseline;
  for (const std::string& line : wrapped(drawable(sentence, view.format), kMostSentenceLines)) {
    script.text(line, kRunTextLeft, y,
                {.points = 11.5, .color = severity == Severity::kInfo ? kInk : color_of(severity)});
    y += kRunLineHeight;
  }
  const Episode* const cause = episode_to_treat(view.run);
  if (cause == nullptr || cause->finding.advice.empty()) return;
  const std::string advice = fmt::format("What to do: {}.", fmt::join(cause->finding.advice, ". "));
  for (const std::string& line : wrapped(drawable(advice, view.format), kMostAdviceLines)) {
    script.text(line, kRunTextLeft, y, {.points = 11});
    y += kRunLineHeight;
  }
}

/// What was made less of, and what is to be said about the input.
std::vector<std::string> footnotes(const RunView& view, const LayerRows& layers) {
  std::vector<std::string> notes;
  const std::vector<SeriesPoint>& points = view.series.points();
  const std::int64_t most = view.series.steps_per_point();
  std::string note =
      most > 1 ? fmt::format(
                     "Decimated: {} steps are {} points of up to {} steps each; bands go from "
                     "the smallest to the largest value of a point's steps.",
                     grouped(view.run.steps), points.size(), grouped(most))
               : "Every step is drawn.";
  const std::size_t per_row = layers.rows.empty() ? 1 : HeatGrid(view, layers).layers_per_row();
  note += fmt::format(
      " A cell of the heat map shows the worst of {}its steps.",
      per_row > 1 ? fmt::format("its {} {} and ", per_row, layers.are_layers ? "layers" : "tensors")
                  : "");
  notes.push_back(std::move(note));
  for (const std::string& said : view.run.notes) {
    if (notes.size() > kMostNotes) break;
    notes.push_back(drawable(said, view.format));
  }
  return notes;
}

void footer(GnuplotScript& script, const RunView& view, const LayerRows& layers) {
  int y = kFootnote;
  for (const std::string& note : footnotes(view, layers)) {
    script.text(shortened(note, static_cast<int>(kMostLineLetters) + 25), kRunTextLeft, y,
                {.points = 9.5, .color = kFaintInk});
    y += kRunLineHeight - 4;
  }
}

/// What belongs to no panel stands on one as large as the page, of which nothing else is seen.
template <class Write>
void write_on_page(GnuplotScript& script, int height, Write write) {
  script.frame({0, kRunPageWidth, 0, height});
  script.line("unset border");
  script.line("set xrange [0:1]");
  script.line("set yrange [0:1]");
  write();
  script.plot({});
}

std::string empty_figure(const RunView& view, std::string_view output) {
  GnuplotScript script(view.format,
                       FigurePage::of_size(view.format, kRunPageWidth, kEmptyPageHeight), output);
  write_on_page(script, kEmptyPageHeight, [&] { heading(script, view); });
  return std::move(script).finish();
}

}  // namespace

std::string trajectory_figure_script(const TrajectoryReport& run, const RunSeries& series,
                                     FigureFormat format, std::string_view output) {
  const RunView view = view_of(run, series, format);
  if (series.points().empty()) return empty_figure(view, output);
  const LayerRows layers = layer_rows(view);
  GnuplotScript script(format, FigurePage::of_size(format, kRunPageWidth, kRunPageHeight), output);
  loss_panel(script, view, kLossPanel);
  norm_panel(script, view, kNormPanel);
  tensor_panel(script, view, kTensorPanel);
  heat_panel(script, view, layers, kHeatPanel);
  sign_panels(script, view);
  layer_panel(script, view, layers, kLayerPanel);
  write_on_page(script, kRunPageHeight, [&] {
    heading(script, view);
    list_events(script, view, kEventList);
    footer(script, view, layers);
  });
  return std::move(script).finish();
}

}  // namespace gradvitals
