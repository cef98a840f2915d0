#include "monitor/report/figure/figure.h"

#include <algorithm>
#include <filesystem>

#include "monitor/report/figure/gnuplot.h"

namespace gradvitals {

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
    std::string image = std::filesystem::path(path).filename().replace_extension(".png").string();
    if (image.starts_with('\'')) image.insert(0, "./");  // gnuplot_string() would change the name.
    return figure_script(networks, rules, format, image, run);
  }
  return run_gnuplot(figure_script(networks, rules, format, {}, run));
}

}  // namespace gradvitals
