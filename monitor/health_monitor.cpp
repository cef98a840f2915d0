#include "monitor/health_monitor.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <utility>

#include "kernels/stats/partial_stats.h"
#include "monitor/health_monitor_state.h"
#include "monitor/report/seen_run.h"
#include "monitor/rules/notebook_interpreter.h"

namespace gradvitals {
namespace {

/// The one after it is a number, too.
constexpr std::int64_t kLastStep = std::numeric_limits<std::int64_t>::max() - 1;

void require_scale(const char* what, double scale) {
  if (scale > 0.0 && std::isfinite(scale)) return;
  throw std::invalid_argument(
      fmt::format("HealthMonitor: the {} is {}, not positive and finite", what, scale));
}

/// Of all gradients concatenated, in the order of the records.
TensorStats stats_of_gradients(const HealthMetrics& metrics) {
  TensorStats all = empty_part();
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient) continue;
    merge(all, part_of(tensor.stats, all.count));
    // One that does not exist has an empty record, and its place all the same.
    if (!tensor.exists) all.count += tensor.rows * tensor.cols;
  }
  return whole_of(all);
}

void require_layer(const TensorView& view) {
  const Role role = view.role;
  if (role == Role::kPreActivation || role == Role::kOutput || role == Role::kDelta) return;
  throw std::invalid_argument(
      fmt::format("HealthMonitor: {} is a {}, which observe() does not take as one of a layer",
                  view.name, name(role)));
}

}  // namespace

HealthMonitor::HealthMonitor(Options options)
    : state_(std::make_unique<State>(std::move(options))) {}
HealthMonitor::~HealthMonitor() = default;
HealthMonitor::HealthMonitor(HealthMonitor&&) noexcept = default;
HealthMonitor& HealthMonitor::operator=(HealthMonitor&&) noexcept = default;

void HealthMonitor::use_stream(const Stream& stream) {
  if (stream.device().type == DeviceType::kCpu) {
    throw std::invalid_argument("HealthMonitor: device cpu has no stream to use");
  }
  state_->advance(/*waits=*/true);
  state_->devices.use_stream(stream);
}

void HealthMonitor::watch(std::span<const TensorView> views) {
  for (const TensorView& view : views) {
    if (view.role != Role::kLoss) continue;
    throw std::invalid_argument(
        fmt::format("HealthMonitor: {} is a loss, which commit() takes as a number", view.name));
  }
  const bool is_new = !state_->devices.is_watching(views);
  if (is_new) state_->advance(/*waits=*/true);
  state_->devices.watch(views);
  if (is_new) state_->forget_tensors();
}

void HealthMonitor::set_data(std::span<const void* const> data) {
  state_->devices.set_data(data);
}

void HealthMonitor::observe() {
  if (size() == 0) throw std::logic_error("HealthMonitor: observe() before anything is watched");
  state_->forget_uncommitted();
  state_->make_room();
  state_->devices.observe();
  state_->pending.emplace_back();
}

void HealthMonitor::observe(std::span<const TensorView> layers) {
  if (size() == 0) throw std::logic_error("HealthMonitor: observe() before anything is watched");
  for (const TensorView& view : layers) require_layer(view);
  state_->advance(/*waits=*/true);
  auto metrics = std::make_shared<HealthMetrics>(state_->devices.inspect(layers));
  state_->forget_uncommitted();
  state_->advance(/*waits=*/true);
  state_->observed = metrics;
  state_->pending.push_back({.has_layers = true, .metrics = std::move(metrics)});
}

void HealthMonitor::copy_stats(std::span<TensorStats> stats) {
  const HealthMetrics& metrics = state_->require_observed("copy_stats");
  const auto tensors = static_cast<std::size_t>(size());
  if (stats.size() != tensors + 1) {
    throw std::invalid_argument(
        fmt::format("HealthMonitor: copy_stats() got {} records for {} tensors and all gradients",
                    stats.size(), tensors));
  }
  for (std::size_t i = 0; i < tensors; ++i) stats[i] = metrics.tensors[i].stats;
  stats.back() = stats_of_gradients(metrics);
}

std::int64_t HealthMonitor::size() const {
  return std::ssize(state_->devices.views());
}

void HealthMonitor::commit(const Step& step) {
  State& state = *state_;
  require_scale("loss scale", step.loss_scale);
  require_scale("clip scale", step.clip_scale);
  if (!state.has_uncommitted()) {
    throw std::logic_error("HealthMonitor: commit() without an observe() of this step");
  }
  const std::int64_t number = step.step.value_or(state.next_step);
  if (number < state.next_step || number > kLastStep) {
    throw std::invalid_argument(
        fmt::format("HealthMonitor: step {}, where one from {} to {} is next", number,
                    state.next_step, kLastStep));
  }
  state.pending.back().step = step;
  state.pending.back().step->step = number;
  state.next_step = number + 1;
  state.advance(/*waits=*/false);
}

std::int64_t HealthMonitor::nonfinite_elements() {
  std::int64_t elements = 0;
  for (const TensorRecord& tensor : state_->require_observed("nonfinite_elements").tensors) {
    if (tensor.role == Role::kGradient) elements += tensor.stats.nonfinite_count();
  }
  return elements;
}

bool HealthMonitor::should_skip(double loss_scale) {
  require_scale("loss scale", loss_scale);
  const TensorStats gradients = stats_of_gradients(state_->require_observed("should_skip"));
  const StepControls& controls = state_->treatment.controls();
  return gradients.nonfinite_count() > 0 ||
         gradients.l2_norm() / loss_scale > controls.skip_above_norm;
}

void HealthMonitor::poll(bool waits) {
  state_->advance(waits);
}

std::vector<HealthEvent> HealthMonitor::take_events() {
  std::vector<HealthEvent> taken(std::make_move_iterator(state_->events.begin()),
                                 std::make_move_iterator(state_->events.end()));
  state_->events.clear();
  return taken;
}

std::int64_t HealthMonitor::steps() const {
  return state_->tracker.steps();
}

std::optional<std::string> HealthMonitor::take_complaint() {
  return state_->history ? state_->history->take_complaint() : std::nullopt;
}

NetworkReport HealthMonitor::report() {
  State& state = *state_;
  state.advance(/*waits=*/true);
  NetworkReport report;
  report.name = state.options.run;
  report.device = state.devices.device_names();
  report.metrics = state.applied ? *state.applied : state.require_observed("report");
  const bool is_light = std::ssize(report.metrics.tensors) == size();
  if (state.applied && state.layers && is_light) {
    report.metrics = with_layers_of(*state.layers, report.metrics);
  }
  report.diagnosis = state.tracker.judge(report.metrics);
  report.notebook = notebook_score(report.metrics);
  if (state.layers && state.layers->step != report.metrics.step) {
    report.notes.push_back(
        fmt::format("layers and units are those of step {}", *state.layers->step));
  }
  return report;
}

TrajectoryReport HealthMonitor::trajectory() {
  state_->advance(/*waits=*/true);
  TrajectoryReport report = state_->run;
  add_judgement(report, state_->tracker, state_->options.thresholds);
  return report;
}

}  // namespace gradvitals
