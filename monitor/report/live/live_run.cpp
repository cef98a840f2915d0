#include "monitor/report/live/live_run.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace gradvitals {
namespace {

/// More rows than terminals have.
constexpr std::size_t kMostLiveEvents = 100;
constexpr std::size_t kMostLiveMessages = 3;
constexpr std::size_t kMostLiveTensors = 200;

template <class Queue, class Value>
void keep_last(Queue& queue, std::size_t most, const Value& value) {
  if (queue.size() == most) queue.pop_front();
  queue.emplace_back(value);
}

constexpr double kNotFinite = std::numeric_limits<double>::quiet_NaN();

LiveSignal signal_of(const std::vector<SeriesPoint>& points, std::optional<double> last,
                     SignalRange HistoryInterval::*signal) {
  LiveSignal live{.last = last, .course = {}};
  for (const SeriesPoint& point : points) {
    const SignalRange& range = point.steps.*signal;
    if (range.count == 0 && range.nonfinite_count == 0) continue;
    live.course.push_back(range.peak().value_or(kNotFinite));
  }
  return live;
}

LiveSignal norm_of_tensor(const std::vector<SeriesPoint>& points, std::size_t place,
                          const SeriesTensor& tensor) {
  LiveSignal live{.last = tensor.last_norm, .course = {}};
  for (const SeriesPoint& point : points) {
    if (place >= point.tensors.size()) continue;
    const NormSpan& span = point.tensors[place];
    if (span.nonfinite > 0) {
      live.course.push_back(kNotFinite);
    } else if (span.finite > 0) {
      live.course.push_back(span.max);
    }
  }
  return live;
}

/// A gradient, and how much it has to be looked at.
struct Suspect {
  std::size_t place = 0;
  bool is_named = false;
  double distance = 0.0;  ///< Decades from the median norm; infinity of zero.
};

bool has_ordinary_norm(const SeriesTensor& tensor) {
  return tensor.exists && tensor.last_norm > 0.0 && std::isfinite(tensor.last_norm);
}

double median_decade(const std::vector<SeriesTensor>& tensors) {
  std::vector<double> decades;
  for (const SeriesTensor& tensor : tensors) {
    if (tensor.role == Role::kGradient && has_ordinary_norm(tensor)) {
      decades.push_back(std::log10(tensor.last_norm));
    }
  }
  if (decades.empty()) return 0.0;
  const auto middle = decades.begin() + static_cast<std::ptrdiff_t>(decades.size() / 2);
  std::ranges::nth_element(decades, middle);
  return *middle;
}

/// Gradients: those that hold NaN or Inf, then those that are missing, those that a finding names, those
/// that are zero, and the others by how far they are from the median.
std::vector<Suspect> suspects_of(const std::vector<SeriesTensor>& tensors,
                                 const std::set<std::string_view>& named) {
  const double median = median_decade(tensors);
  std::vector<Suspect> suspects;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const SeriesTensor& tensor = tensors[i];
    if (tensor.role != Role::kGradient) continue;
    const double distance = has_ordinary_norm(tensor)
                                ? std::fabs(std::log10(tensor.last_norm) - median)
                                : std::numeric_limits<double>::infinity();
    suspects.push_back({i, named.contains(tensor.name.text()), distance});
  }
  std::ranges::stable_sort(suspects, std::ranges::greater(), [&tensors](const Suspect& suspect) {
    const SeriesTensor& tensor = tensors[suspect.place];
    return std::tuple(!std::isfinite(tensor.last_norm), !tensor.exists, suspect.is_named,
                      suspect.distance);
  });
  suspects.resize(std::min(suspects.size(), kMostLiveTensors));
  return suspects;
}

LiveTensor live_tensor(const RunSeries& series, const Suspect& suspect) {
  const SeriesTensor& tensor = series.tensors()[suspect.place];
  LiveTensor live;
  live.name = tensor.network.empty() ? tensor.name.text()
                                     : tensor.network.text() + ": " + tensor.name.text();
  live.exists = tensor.exists;
  live.nonfinite = tensor.last.nonfinite_count();
  live.norm = norm_of_tensor(series.points(), suspect.place, tensor);
  const bool is_comparable = tensor.weight_norm && *tensor.weight_norm > 0.0 && tensor.exists;
  if (is_comparable) live.to_weight = tensor.last_norm / *tensor.weight_norm;
  live.is_named = suspect.is_named;
  return live;
}

std::optional<Episode> worst_past_episode(const HealthTracker& tracker) {
  const Episode* worst = nullptr;
  for (const Episode& episode : tracker.episodes()) {
    if (episode.is_open || episode.finding.severity < Severity::kWarning) continue;
    if (worst == nullptr || worst->finding.severity < episode.finding.severity) worst = &episode;
  }
  return worst == nullptr ? std::nullopt : std::optional(*worst);
}

}  // namespace

void LiveRun::add(const HealthMetrics& metrics, const StepContext& context,
                  const HealthTracker& tracker, std::span<const HealthEvent> events) {
  is_judged_ |= can_be_judged(metrics) || !events.empty();
  last_step_ = tracker.last_step();
  last_loss_ = metrics.loss;
  last_norm_ = metrics.gradient_norms.empty() ? std::nullopt : std::optional(global_norm(metrics));
  learning_rate_ = context.learning_rate;
  for (const HealthEvent& event : events) keep_last(events_, kMostLiveEvents, event);
}

void LiveRun::add_message(std::string_view message) {
  keep_last(messages_, kMostLiveMessages, message);
}

LiveState LiveRun::state(const HealthTracker& tracker, const RunSeries& series,
                         const Thresholds& thresholds) const {
  LiveState state;
  state.step = last_step_;
  state.learning_rate = learning_rate_;
  state.loss = signal_of(series.points(), last_loss_, &HistoryInterval::loss);
  state.norm = signal_of(series.points(), last_norm_, &HistoryInterval::global_norm);
  state.judged_steps = is_judged_ ? tracker.steps() : 0;
  state.verdict = tracker.verdict();
  state.severity = tracker.severity();
  std::ranges::copy_if(tracker.episodes(), std::back_inserter(state.open), &Episode::is_open);
  state.worst = worst_past_episode(tracker);
  state.events.assign(events_.begin(), events_.end());
  state.signs = tracker.vital_signs();
  state.thresholds = thresholds;
  std::set<std::string_view> named;
  for (const Episode& episode : state.open) {
    if (episode.finding.severity >= Severity::kWarning) named.insert(episode.finding.tensor);
  }
  for (const Suspect& suspect : suspects_of(series.tensors(), named)) {
    state.tensors.push_back(live_tensor(series, suspect));
  }
  state.gradients = std::ranges::count(series.tensors(), Role::kGradient, &SeriesTensor::role);
  state.messages.assign(messages_.begin(), messages_.end());
  return state;
}

}  // namespace gradvitals
