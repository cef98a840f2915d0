#include "app/html_files.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "app/version.h"
#include "monitor/report/figure/figure.h"

namespace gradvitals::app {
namespace {

/// Of which the figure takes its format.
constexpr char kFigureName[] = "figure.svg";

bool is_plain(char c) {
  constexpr std::string_view kOthers = "-_./,:=+@%";
  const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_word || kOthers.find(c) != std::string_view::npos;
}

std::string shell_word(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

/// In place of charts, where the page can draw none.
void add_figure(HtmlOptions& options, const std::function<std::string()>& draw) {
  if (html_has_charts()) return;
  try {
    options.figure_svg = draw();
  } catch (const std::exception& error) {
    options.no_figure_reason = error.what();
  }
}

}  // namespace

HtmlOptions html_options(const ReportFiles& files, RuleSet rules) {
  HtmlOptions options{.rules = rules, .version = kVersion};
  if (!files.command_line.empty()) options.settings.emplace_back("command", files.command_line);
  return options;
}

HtmlOptions html_options(const ReportFiles& files, RuleSet rules,
                         std::span<const NetworkReport> networks, const RunDiagnosis* run) {
  HtmlOptions options = html_options(files, rules);
  add_figure(options,
             [&] { return render_figure(networks, rules, FigureFormat::kSvg, kFigureName, run); });
  return options;
}

HtmlOptions html_options(const ReportFiles& files, const TrajectoryReport& run,
                         const RunSeries& series) {
  HtmlOptions options = html_options(files);
  add_figure(options, [&] { return render_figure(run, series, FigureFormat::kSvg, kFigureName); });
  return options;
}

std::string shell_line(std::span<const std::string> words) {
  std::string line = "gradvitals";
  for (const std::string& word : words) line += ' ' + shell_word(word);
  return line;
}

}  // namespace gradvitals::app
