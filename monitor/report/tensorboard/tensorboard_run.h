// TensorBoardRun: a run as the records of a TensorBoard event file, step by step.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/metrics/tensor_histogram.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

struct TensorBoardOptions {
  std::string run;                                              ///< Its name: any bytes.
  std::vector<std::pair<std::string, std::string>> settings{};  ///< Shown with it: any bytes.
  bool has_histograms = false;                                  ///< Check-ups bring them.
};

/// A step that was judged.
struct TensorBoardStep {
  std::int64_t step = 0;  ///< 0 or more.
  const HealthMetrics& metrics;
  const StepContext& context;
  const VitalSigns& signs;  ///< HealthTracker::vital_signs() after the step.
  std::span<const HealthEvent> events{};
  std::span<const TensorHistogram> histograms{};  ///< Of a check-up, where they were made.
};

/// Gives bytes to append to a file whose name has "tfevents" in it. Times are seconds since 1970.
///
/// In every step: training/loss, gradient_norm (of all gradients), learning_rate, and what is known
/// of clip_scale, skipped, gradient_cosine and noise_scale. At check-ups: vital_signs/... and, of
/// those that is_shown() by their number and 100, gradient_histogram/TENSOR and
/// weight_histogram/TENSOR. In steps that is_shown() by their number and 1000, and where something
/// began or ended: gradient_norm/TENSOR, weight_norm/TENSOR, update_ratio/TENSOR and
/// gradient_zeros/TENSOR, and gradient_nonfinite/TENSOR from the first value on that was not
/// finite. findings/RULE: events as text. gradvitals/about says all this on the page.
class TensorBoardRun {
 public:
  explicit TensorBoardRun(TensorBoardOptions options);
  ~TensorBoardRun();
  TensorBoardRun(TensorBoardRun&&) noexcept;
  TensorBoardRun& operator=(TensorBoardRun&&) noexcept;

  /// What a file begins with. `step` is the run's first in it; one that is resumed takes the place
  /// of what other files in the folder have of it and of later steps.
  std::string begin(double wall_time, std::int64_t step, bool is_resumed) const;
  std::string add(const TensorBoardStep& step, double wall_time);

  /// Whether the index-th of a series, from 0, is shown: each of the first `dense`, then every
  /// tenth up to ten times as many, every hundredth up to a hundred times, and so on. So a series
  /// of any length shows no more than `dense` + 0.9 `dense` a decade.
  static bool is_shown(std::int64_t index, std::int64_t dense);
  static constexpr std::int64_t kDenseSteps = 1000;    ///< What TensorBoard draws of a curve.
  static constexpr std::int64_t kDenseCheckups = 100;  ///< It draws 500 histograms of a tensor.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradvitals
