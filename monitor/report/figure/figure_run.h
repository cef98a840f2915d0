// The figure of a run: how large gradients are, step by step. Internal.
#pragma once

#include <span>
#include <string>

#include "monitor/report/figure/figure.h"

namespace gradvitals {

/// Whether these are the steps of one run, in order: every one says its step, and each is later than
/// the one before.
bool is_run(std::span<const NetworkReport> networks);

/// The gnuplot script: the norm of all gradients and the largest and smallest tensor's over the
/// steps, and, where `run` is not null, its verdict and its first bad step. Of `networks` is_run()
/// holds.
std::string run_figure_script(std::span<const NetworkReport> networks, const RunDiagnosis* run,
                              FigureFormat format, std::string_view output);

}  // namespace gradvitals
