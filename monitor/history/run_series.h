// RunSeries: a whole run in a few hundred points, tensor by tensor, for figures and pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/stats/name.h"
#include "monitor/history/bounded_history.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/metrics/vital_signs.h"

namespace gradvitals {

/// L2 norms of one tensor over some consecutive steps. All counts are 0 where no step watched it.
struct NormSpan {
  double min = 0.0;  ///< Of steps in which every element was finite, as max and last.
  double max = 0.0;
  double last = 0.0;
  std::int32_t finite = 0;     ///< Steps in which every element was finite.
  std::int32_t nonfinite = 0;  ///< In which one was NaN or infinite.
  std::int32_t missing = 0;    ///< In which the parameter had no gradient.

  void add(const NormSpan& later);
};

/// The numbers of the vital signs, without their judgement.
struct VitalReadings {
  std::optional<double> norm_range;       ///< BloodPressure::range_ratio
  std::optional<double> stability;        ///< HeartRate::log_norm_mad
  std::optional<double> update_ratio;     ///< Temperature::update_to_weight_ratio
  std::optional<double> backward_factor;  ///< SignalFlow, as those below
  std::optional<double> forward_gain;
  std::optional<double> gradient_spread;
  std::optional<double> dead_unit_fraction;
  std::optional<double> saturation_fraction;
};

VitalReadings readings_of(const VitalSigns& signs);

/// Consecutive steps as one point of every curve.
struct SeriesPoint {
  HistoryInterval steps;
  VitalReadings signs;  ///< As they were in the last of the steps.
  /// By place in tensors(); those that came later are absent.
  std::vector<NormSpan> tensors;

  void add(const SeriesPoint& later);
};

/// A gradient, delta or pre-activation of the run.
struct SeriesTensor {
  Name name;
  Name network{};  ///< Empty where there is one.
  Role role = Role::kGradient;
  int layer = -1;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  DType dtype = DType::kFloat32;
  bool is_known_by_norm = false;  ///< Only its norm is: `last` is empty.

  std::int64_t last_step = 0;           ///< In which it was watched.
  TensorStats last{};                   ///< Of that step.
  double last_norm = 0.0;               ///< Of that step, by IEEE arithmetic.
  bool exists = true;                   ///< In that step.
  std::optional<double> weight_norm{};  ///< Of the weight of its name, when it was last watched.
  std::optional<double> update_norm{};
  std::optional<double> max_norm{};  ///< The largest finite one; empty where none was.
  std::int64_t max_norm_step = 0;
  std::optional<std::int64_t> first_nonfinite_step{};
};

struct SeriesOptions {
  std::size_t points = 512;      ///< At most; even. Where they are full, neighbours become one.
  std::size_t values = 200'000;  ///< Points times tensors, at most; 32 points are always kept.
};

class RunSeries {
 public:
  /// Throws std::invalid_argument for fewer than 32 points or an odd number of them.
  explicit RunSeries(const SeriesOptions& options = {});

  /// Adds the next step. `signs` are the tracker's after it.
  void add(const HealthMetrics& metrics, const StepContext& context, const VitalSigns& signs);

  /// In order of appearance.
  const std::vector<SeriesTensor>& tensors() const { return tensors_; }
  /// The whole run in its order: as many steps in each, but for the last.
  const std::vector<SeriesPoint>& points() const { return points_; }
  std::int64_t steps() const { return steps_; }
  /// Steps that a full point stands for; 1: nothing is decimated.
  std::int64_t steps_per_point() const { return steps_per_point_; }

 private:
  /// What a record of the current layout adds to.
  struct Place {
    Role role = Role::kGradient;
    std::optional<std::size_t> tensor;
  };

  bool fits_places(const HealthMetrics& metrics) const;
  void find_places(const HealthMetrics& metrics);
  std::size_t place_of(const Name& network, Role role, const Name& name);
  SeriesPoint point_of(const HealthMetrics& metrics, const StepContext& context,
                       const VitalSigns& signs);
  void see_tensor(const TensorRecord& record, std::int64_t step, SeriesTensor& tensor,
                  NormSpan& range);
  void see_norm(double norm, std::int64_t step, SeriesTensor& tensor, NormSpan& range);
  std::size_t most_points() const;
  void halve_points();

  SeriesOptions options_;
  std::vector<SeriesTensor> tensors_;
  std::vector<SeriesPoint> points_;
  std::map<std::pair<Role, std::pair<Name, Name>>, std::size_t> index_;
  std::vector<Name> names_;    ///< Of the records of the last step.
  std::vector<Place> places_;  ///< Parallel to them.
  std::int64_t steps_ = 0;
  std::int64_t steps_per_point_ = 1;
};

}  // namespace gradvitals
