#include "monitor/report/figure/figure_axis.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "monitor/metrics/notebook_limits.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

/// A bar is at least half a decade high, and a limit does not lie on the frame.
constexpr double kRoom = 0.5;

/// Beyond this, bars that differ by a factor of two look the same.
constexpr double kWidestSharedSpan = 24.0;

void include(Decades& axis, double value) {
  if (!std::isfinite(value) || value <= 0.0) return;
  const double exponent = std::log10(value);
  // What the axis cannot reach has no bar, and does not flatten the others.
  if (exponent <= kLowestExponent) return;
  axis.low = std::max(std::min(axis.low, std::floor(exponent - kRoom)), kLowestExponent);
  axis.high = std::min(std::max(axis.high, std::ceil(exponent + kRoom)), kHighestExponent);
}

Decades axis_of(const HealthMetrics& metrics) {
  Decades axis{0.0, 0.0};
  for (const double limit : {kNotebookVanishedNorm, kNotebookWeakNorm, kNotebookLargeNorm}) {
    include(axis, limit);
  }
  for (const double norm : metrics.gradient_norms) include(axis, norm);
  for (const double value :
       {metrics.min_gradient, metrics.max_gradient, metrics.mean_gradient, metrics.std_gradient}) {
    include(axis, value);
  }
  return axis;
}

}  // namespace

std::vector<Decades> figure_axes(std::span<const NetworkReport> networks) {
  std::vector<Decades> axes;
  Decades shared{0.0, 0.0};
  for (const NetworkReport& network : networks) {
    axes.push_back(axis_of(network.metrics));
    shared.low = std::min(shared.low, axes.back().low);
    shared.high = std::max(shared.high, axes.back().high);
  }
  if (shared.span() <= kWidestSharedSpan) std::ranges::fill(axes, shared);
  return axes;
}

std::vector<int> tick_exponents(Decades axis) {
  constexpr std::array kSteps = {1, 2, 5, 10, 20, 50, 100};
  const auto* step =
      std::ranges::find_if(kSteps, [&](int candidate) { return axis.span() / candidate <= 10.0; });
  std::vector<int> exponents;
  for (int exponent = static_cast<int>(std::ceil(axis.low / *step)) * *step; exponent <= axis.high;
       exponent += *step) {
    exponents.push_back(exponent);
  }
  return exponents;
}

std::optional<std::string> foot_label(double value, Decades axis) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0.0 ? "Inf" : "-Inf";
  if (value == 0.0) return "0";
  if (value < 0.0 || std::log10(value) <= axis.low) return scientific(value);
  return std::nullopt;
}

}  // namespace gradvitals
