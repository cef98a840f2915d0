#include "monitor/report/figure/figure.h"

#include <algorithm>
#include <filesystem>

#include "monitor/report/figure/gnuplot.h"
#include "monitor/report/figure/trajectory_figure.h"

namespace gradvitals {
namespace {

/// What a script draws: the PNG of its own name, in the folder where it is run.
std::string image_beside(std::string_view script) {
  std::string image = std::filesystem::path(script).filename().replace_extension(".png").string();
  if (image.starts_with('\'')) image.insert(0, "./");  // gnuplot_string() would change the name.
  return image;
}

}  // namespace

std::optional<FigureFormat> figure_format(std::string_view path) {
  std::string ending = std::filesystem::path(path).extension().string();
  std::ranges::transform(ending, ending.begin(), [](char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (ending == ".png") return FigureFormat::kPng;
  if (ending == ".svg") return FigureFormat::kSvg;
  if (ending == ".pdf") return FigureFormat::kPdf;
  if (ending == ".gp") return FigureFormat::kGnuplot;
  return std::nullopt;
}

std::string render_figure(std::span<const NetworkReport> networks, RuleSet rules,
                          FigureFormat format, std::string_view path, const RunDiagnosis* run) {
  if (format == FigureFormat::kGnuplot) {
    return figure_script(networks, rules, format, image_beside(path), run);
  }
  return run_gnuplot(figure_script(networks, rules, format, {}, run));
}

std::string figure_script(const TrajectoryReport& run, const RunSeries& series, FigureFormat format,
                          std::string_view output) {
  return trajectory_figure_script(run, series, format, output);
}

std::string render_figure(const TrajectoryReport& run, const RunSeries& series, FigureFormat format,
                          std::string_view path) {
  if (format == FigureFormat::kGnuplot) {
    return figure_script(run, series, format, image_beside(path));
  }
  return run_gnuplot(figure_script(run, series, format));
}

}  // namespace gradvitals
