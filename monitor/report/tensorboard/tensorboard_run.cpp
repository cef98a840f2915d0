#include "monitor/report/tensorboard/tensorboard_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/report/tensorboard/event_markdown.h"
#include "monitor/report/tensorboard/event_record.h"
#include "monitor/report/tensorboard/tensor_tags.h"
#include "monitor/report/tensorboard/tensorboard_about.h"
#include "monitor/rules/rule_id.h"

namespace gradvitals {
namespace {

bool has_nonfinite_gradient(const HealthMetrics& metrics) {
  return !std::isfinite(global_norm(metrics));
}

/// Of the update of a parameter.
std::optional<double> shown_update_norm(const TensorRecord& tensor) {
  if (tensor.stats.count == 0) return std::nullopt;
  if (tensor.role == Role::kUpdate) return tensor.stats.ieee_norm();
  if (tensor.role == Role::kUpdateSquares) {
    return tensor.stats.nonfinite_count() > 0 ? std::numeric_limits<double>::quiet_NaN()
                                              : std::sqrt(std::max(tensor.stats.sum, 0.0));
  }
  return std::nullopt;
}

}  // namespace

struct TensorBoardRun::State {
  TensorBoardOptions options;
  TensorTags tags{};
  std::unordered_set<std::string> told{};           ///< Tags whose meaning was told.
  std::unordered_set<std::string> had_nonfinite{};  ///< Tags of tensors.
  bool has_clipped = false;
  bool has_skipped = false;
  bool is_finite = true;  ///< The gradients of the last step.
  std::int64_t steps = 0;
  std::int64_t checkups = 0;

  std::string_view about_once(const std::string& tag) {
    const std::string_view about = about_tag(tag);
    return !about.empty() && told.insert(tag).second ? about : std::string_view{};
  }

  void scalar(EventSummary& summary, std::string tag, const std::optional<double>& value) {
    if (value) summary.add_scalar(tag, *value, about_once(tag));
  }
  void tensor_scalar(EventSummary& summary, std::string_view group, std::string_view name,
                     const std::optional<double>& value) {
    if (value) scalar(summary, fmt::format("{}/{}", group, tags.tag_of(name)), value);
  }

  void add_training(EventSummary& summary, const TensorBoardStep& step);
  void add_signs(EventSummary& summary, const TensorBoardStep& step);
  void add_tensors(EventSummary& summary, const HealthMetrics& metrics);
  void add_gradient(EventSummary& summary, const TensorRecord& tensor);
  void add_histograms(EventSummary& summary, std::span<const TensorHistogram> histograms);
  void add_events(EventSummary& summary, std::span<const HealthEvent> events);
};

void TensorBoardRun::State::add_training(EventSummary& summary, const TensorBoardStep& step) {
  const StepContext& context = step.context;
  scalar(summary, "training/loss", step.metrics.loss);
  if (step.metrics.total_layers > 0) {
    scalar(summary, "training/gradient_norm", global_norm(step.metrics));
  }
  scalar(summary, "training/learning_rate", context.learning_rate);
  scalar(summary, "training/gradient_cosine", context.gradient_cosine);
  scalar(summary, "training/noise_scale", context.noise_scale);
  has_clipped = has_clipped || context.clip_scale != 1.0;
  has_skipped = has_skipped || context.is_skipped;
  if (has_clipped) scalar(summary, "training/clip_scale", context.clip_scale);
  if (has_skipped) scalar(summary, "training/skipped", context.is_skipped ? 1.0 : 0.0);
}

void TensorBoardRun::State::add_signs(EventSummary& summary, const TensorBoardStep& step) {
  const auto& [blood_pressure, heart_rate, temperature, oxygen] = step.signs;
  scalar(summary, "vital_signs/norm_range", blood_pressure.range_ratio);
  scalar(summary, "vital_signs/stability", heart_rate.log_norm_mad);
  scalar(summary, "vital_signs/update_ratio", temperature.update_to_weight_ratio);
  scalar(summary, "vital_signs/backward_factor", oxygen.backward_factor);
  scalar(summary, "vital_signs/factor_per_layer", oxygen.factor_per_layer);
  scalar(summary, "vital_signs/backward_gain", oxygen.backward_gain);
  scalar(summary, "vital_signs/block_factor", oxygen.block_factor);
  scalar(summary, "vital_signs/forward_gain", oxygen.forward_gain);
  scalar(summary, "vital_signs/gradient_spread", oxygen.relative_gradient_spread);
  scalar(summary, "vital_signs/dead_fraction", oxygen.dead_unit_fraction);
  scalar(summary, "vital_signs/saturation_fraction", oxygen.saturation_fraction);
}

void TensorBoardRun::State::add_gradient(EventSummary& summary, const TensorRecord& tensor) {
  const TensorStats& stats = tensor.stats;
  tensor_scalar(summary, "gradient_norm", tensor.name, stats.ieee_norm());
  tensor_scalar(summary, "gradient_zeros", tensor.name, fraction(stats.zero_count, stats.count));
  const std::string& tag = tags.tag_of(tensor.name);
  if (stats.nonfinite_count() > 0) had_nonfinite.insert(tag);
  if (!had_nonfinite.contains(tag)) return;
  tensor_scalar(summary, "gradient_nonfinite", tensor.name,
                static_cast<double>(stats.nonfinite_count()));
}

void TensorBoardRun::State::add_tensors(EventSummary& summary, const HealthMetrics& metrics) {
  std::map<std::string_view, double> weights;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (!tensor.exists || tensor.stats.count == 0) continue;
    if (tensor.role == Role::kGradient) add_gradient(summary, tensor);
    if (tensor.role != Role::kWeight) continue;
    weights[tensor.name] = tensor.stats.ieee_norm();
    tensor_scalar(summary, "weight_norm", tensor.name, weights[tensor.name]);
  }
  for (const TensorRecord& tensor : metrics.tensors) {
    const std::optional<double> update = shown_update_norm(tensor);
    const auto weight = weights.find(tensor.name);
    if (!update || weight == weights.end() || weight->second == 0.0) continue;
    tensor_scalar(summary, "update_ratio", tensor.name, *update / weight->second);
  }
  if (!metrics.tensors.empty()) return;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    tensor_scalar(summary, "gradient_norm", norm_name(metrics, i), metrics.gradient_norms[i]);
  }
}

void TensorBoardRun::State::add_histograms(EventSummary& summary,
                                           std::span<const TensorHistogram> histograms) {
  for (const TensorHistogram& tensor : histograms) {
    const std::string tag =
        fmt::format("{}_histogram/{}", name(tensor.role), tags.tag_of(tensor.name));
    summary.add_histogram(tag, tensor.histogram, about_once(tag));
  }
}

void TensorBoardRun::State::add_events(EventSummary& summary, std::span<const HealthEvent> events) {
  for (const HealthEvent& event : events) {
    const Finding& finding = event.episode.finding;
    const std::string_view title = rule_title(finding.rule);
    const std::string rule = fmt::format("{} {}", rule_number(finding.rule),
                                         title.empty() ? name(finding.verdict) : title);
    summary.add_text("findings/" + safe_tag(rule), event_markdown(event));
  }
}

TensorBoardRun::TensorBoardRun(TensorBoardOptions options)
    : state_(std::make_unique<State>(State{.options = std::move(options)})) {}
TensorBoardRun::~TensorBoardRun() = default;
TensorBoardRun::TensorBoardRun(TensorBoardRun&&) noexcept = default;
TensorBoardRun& TensorBoardRun::operator=(TensorBoardRun&&) noexcept = default;

std::string TensorBoardRun::begin(double wall_time, std::int64_t step, bool is_resumed) const {
  std::string records = version_record(wall_time);
  if (is_resumed) records += session_start_record(wall_time, step);
  EventSummary summary;
  summary.add_text("gradvitals/about", about_markdown(state_->options));
  return records + summary.record(wall_time, step);
}

std::string TensorBoardRun::add(const TensorBoardStep& step, double wall_time) {
  State& state = *state_;
  EventSummary summary;
  state.add_training(summary, step);
  const bool was_finite = std::exchange(state.is_finite, !has_nonfinite_gradient(step.metrics));
  const bool tells = !step.events.empty() || was_finite != state.is_finite;
  if (tells || is_shown(state.steps, kDenseSteps)) state.add_tensors(summary, step.metrics);
  if (step.context.is_checkup) {
    state.add_signs(summary, step);
    if (tells || is_shown(state.checkups, kDenseCheckups)) {
      state.add_histograms(summary, step.histograms);
    }
    ++state.checkups;
  }
  ++state.steps;
  state.add_events(summary, step.events);
  return summary.empty() ? "" : summary.record(wall_time, step.step);
}

bool TensorBoardRun::is_shown(std::int64_t index, std::int64_t dense) {
  std::int64_t every = 1;
  while (index / every >= dense) every *= 10;
  return index % every == 0;
}

}  // namespace gradvitals
