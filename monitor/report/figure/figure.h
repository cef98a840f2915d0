// The notebook's figure: for each network its gradient norms above, Min, Max, Mean and Std below. Of the
// steps of a run, norms over steps; of a run that was judged step by step, all that was seen of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "monitor/history/run_series.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {

enum class FigureFormat : std::uint8_t {
  kPng,
  kSvg,
  kPdf,
  kGnuplot,  ///< The script itself, which draws a PNG when given to gnuplot.
};

/// Cairo draws at most 32767 pixels: 27 rows of three networks.
inline constexpr std::size_t kMaxFigureNetworks = 48;

/// From the ending of a path (".png", ".svg", ".pdf", ".gp"; case does not matter); empty for
/// others.
std::optional<FigureFormat> figure_format(std::string_view path);

/// Whether a figure holds them: the steps of a run, however many, and of others 1 to
/// kMaxFigureNetworks. A run is what says its step throughout, each later than the one before.
bool fits_figure(std::span<const NetworkReport> networks);

/// The gnuplot script of the figure. `output` is the file it draws into; empty: its standard
/// output. `run` is what the steps of a run show together: with the full rules their figure names
/// its verdict and marks its first bad step. Throws std::invalid_argument for networks that no
/// figure holds.
std::string figure_script(std::span<const NetworkReport> networks, RuleSet rules,
                          FigureFormat format, std::string_view output = {},
                          const RunDiagnosis* run = nullptr);

/// The bytes of the file `path`, which is not touched: an image drawn by gnuplot, or (kGnuplot) a
/// script that draws `path` with its ending replaced by .png, in the folder where it is run. `run`
/// is that of figure_script(). Throws as that does, GnuplotNotFound and GnuplotError.
std::string render_figure(std::span<const NetworkReport> networks, RuleSet rules,
                          FigureFormat format, std::string_view path,
                          const RunDiagnosis* run = nullptr);

/// The same of a run that was judged step by step, and its series: loss, norms, vital signs and layers
/// over its steps, and what was found when. Holds any run; throws as render_figure() does for networks.
std::string figure_script(const TrajectoryReport& run, const RunSeries& series, FigureFormat format,
                          std::string_view output = {});
std::string render_figure(const TrajectoryReport& run, const RunSeries& series, FigureFormat format,
                          std::string_view path);

}  // namespace gradvitals
