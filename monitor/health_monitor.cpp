#include "monitor/health_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <stdexcept>
#include <utility>

#include "kernels/stats/partial_stats.h"
#include "monitor/history/history_writer.h"
#include "monitor/metrics/loss_scale.h"
#include "monitor/metrics/step_context.h"
#include "monitor/multi_device_monitor.h"
#include "monitor/report/seen_run.h"
#include "monitor/rules/notebook_interpreter.h"
#include "monitor/trajectory/health_tracker.h"
#include "monitor/treatment/treatment.h"

namespace gradvitals {
namespace {

using SharedMetrics = std::shared_ptr<HealthMetrics>;

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

/// A step, with the layers, units and slices of an earlier check-up of the same tensors.
HealthMetrics with_layers_of(const HealthMetrics& checkup, const HealthMetrics& step) {
  HealthMetrics metrics = step;
  for (std::size_t i = 0; i < step.tensors.size(); ++i) {
    TensorRecord record = checkup.tensors[i];
    record.stats = step.tensors[i].stats;
    record.exists = step.tensors[i].exists;
    metrics.tensors[i] = std::move(record);
  }
  const auto layers = checkup.tensors.begin() + std::ssize(step.tensors);
  metrics.tensors.insert(metrics.tensors.end(), layers, checkup.tensors.end());
  metrics.units = checkup.units;
  metrics.networks = checkup.networks;
  return metrics;
}

}  // namespace

struct HealthMonitor::State {
  /// What was observed, until it is judged or forgotten. Only the last one is neither.
  struct Observation {
    bool has_layers = false;
    bool is_forgotten = false;
    std::optional<Step> step{};  ///< Empty: not committed.
    SharedMetrics metrics{};     ///< Null: on its way.
  };

  explicit State(Options chosen)
      : options(std::move(chosen)),
        devices(options.threads),
        tracker(options.thresholds),
        treatment({.skips = true}, options.thresholds) {
    if (options.checkup_every < 1) {
      throw std::invalid_argument(fmt::format(
          "HealthMonitor: a check-up every {} steps, not every 1 or more", options.checkup_every));
    }
    if (!options.history.empty()) {
      history.emplace(
          options.history,
          HistoryOptions{.run = options.run, .settings = {}, .resume_step = options.resume_step});
    }
    run.name = options.run;
    next_step = options.resume_step.value_or(0);
  }

  bool has_uncommitted() const {
    return !pending.empty() && !pending.back().step && !pending.back().is_forgotten;
  }
  void forget_uncommitted();
  void make_room();
  void advance(bool waits);
  void judge(const Observation& observation);
  bool is_checkup(const Observation& observation) const;
  const HealthMetrics& require_observed(const char* call);

  Options options;
  MultiDeviceMonitor devices;
  HealthTracker tracker;
  Treatment treatment;
  std::optional<HistoryWriter> history;
  std::deque<Observation> pending;  ///< The earliest first.
  SharedMetrics observed;           ///< What was observed last, where it has arrived.
  SharedMetrics layers;             ///< The last check-up with layers.
  SharedMetrics applied;            ///< The last step that was applied, as judged.
  std::int64_t next_step = 0;       ///< The next number to commit.
  TrajectoryReport run;
  std::deque<HealthEvent> events;
};

void HealthMonitor::State::forget_uncommitted() {
  if (has_uncommitted()) pending.back().is_forgotten = true;
}

void HealthMonitor::State::make_room() {
  advance(/*waits=*/false);
  if (pending.size() >= kMostPending) advance(/*waits=*/true);
}

/// Receives what has arrived, and judges what of it was committed.
void HealthMonitor::State::advance(bool waits) {
  while (!pending.empty()) {
    Observation& first = pending.front();
    if (!first.metrics) {
      std::optional<HealthMetrics> metrics = devices.receive(waits);
      if (!metrics) return;
      first.metrics = std::make_shared<HealthMetrics>(std::move(*metrics));
      observed = first.metrics;
    }
    if (!first.step && !first.is_forgotten) return;
    const Observation done = std::move(first);
    pending.pop_front();
    if (done.step) judge(done);
  }
}

bool HealthMonitor::State::is_checkup(const Observation& observation) const {
  const std::int64_t steps = tracker.steps();
  return observation.has_layers || steps < kFirstCheckups || steps % options.checkup_every == 0;
}

void HealthMonitor::State::judge(const Observation& observation) {
  const Step& step = *observation.step;
  const StepContext context{.learning_rate = step.learning_rate,
                            .clip_scale = step.clip_scale,
                            .is_skipped = step.is_skipped,
                            .is_checkup = is_checkup(observation)};
  SharedMetrics judged = observation.metrics;
  if (step.loss_scale != 1.0) {
    // A copy: what was observed stays as it is, for copy_stats().
    judged = std::make_shared<HealthMetrics>(*judged);
    divide_by_loss_scale(*judged, step.loss_scale);
  }
  judged->step = step.step;
  judged->loss = step.loss;
  if (observation.has_layers && !step.is_skipped) layers = judged;
  if (!observation.has_layers && context.is_checkup && layers) {
    judged = std::make_shared<HealthMetrics>(with_layers_of(*layers, *judged));
  }
  std::vector<HealthEvent> found = tracker.add(*judged, context);
  treatment.add(*judged, context, tracker.episodes());
  if (history) {
    history->add(*judged, context);
    for (const HealthEvent& event : found) history->add(event);
  }
  see_step(run, {.step = step.step, .loss = step.loss, .metrics = judged.get(), .events = found});
  for (HealthEvent& event : found) events.push_back(std::move(event));
  while (events.size() > kMostEvents) events.pop_front();
  if (!step.is_skipped || !applied) applied = std::move(judged);
}

const HealthMetrics& HealthMonitor::State::require_observed(const char* call) {
  advance(/*waits=*/true);
  if (observed) return *observed;
  throw std::logic_error(fmt::format("HealthMonitor: {}() before observe()", call));
}

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
  if (is_new) state_->layers = nullptr;
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
  if (number < state.next_step) {
    throw std::invalid_argument(fmt::format(
        "HealthMonitor: step {}, where {} or a later one is next", number, state.next_step));
  }
  state.pending.back().step = step;
  state.pending.back().step->step = number;
  state.next_step = number + 1;
  state.advance(/*waits=*/false);
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
  const HealthMetrics& observed = state.require_observed("report");
  NetworkReport report;
  report.name = state.options.run;
  report.device = state.devices.device_names();
  report.metrics = state.applied ? *state.applied : observed;
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
