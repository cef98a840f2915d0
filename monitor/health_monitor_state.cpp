#include "monitor/health_monitor_state.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "monitor/metrics/loss_scale.h"
#include "monitor/metrics/step_context.h"
#include "monitor/report/seen_run.h"

namespace gradvitals {

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

HealthMonitor::State::State(Options chosen)
    : options(std::move(chosen)),
      devices(options.threads),
      tracker(options.thresholds),
      treatment({.skips = true}, options.thresholds) {
  if (options.checkup_every < 1) {
    throw std::invalid_argument(fmt::format(
        "HealthMonitor: a check-up every {} steps, not every 1 or more", options.checkup_every));
  }
  if (options.resume_step && *options.resume_step < 0) {
    throw std::invalid_argument(
        fmt::format("HealthMonitor: resumes at step {}, before the first", *options.resume_step));
  }
  if (!options.history.empty()) {
    history.emplace(
        options.history,
        HistoryOptions{.run = options.run, .settings = {}, .resume_step = options.resume_step});
  }
  run.name = options.run;
  next_step = options.resume_step.value_or(0);
}

HealthMonitor::State::~State() {
  try {
    advance(/*waits=*/true);
  } catch (...) {
    // The device has failed: what was on its way is lost with it.
  }
}

void HealthMonitor::State::forget_uncommitted() {
  if (has_uncommitted()) pending.back().is_forgotten = true;
}

void HealthMonitor::State::forget_tensors() {
  if (has_uncommitted()) pending.back().is_of_others = true;
  observed = nullptr;
  layers = nullptr;
}

void HealthMonitor::State::make_room() {
  advance(/*waits=*/false);
  if (pending.size() >= kMostPending) advance(/*waits=*/true);
}

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
  const bool shows_layers = observation.has_layers && !observation.is_of_others;
  if (shows_layers && !step.is_skipped) layers = judged;
  if (!observation.has_layers && context.is_checkup && layers) {
    judged = std::make_shared<HealthMetrics>(with_layers_of(*layers, *judged));
  }
  std::vector<HealthEvent> found = tracker.add(*judged, context);
  treatment.add(*judged, context, tracker.episodes());
  if (history) {
    history->add(*judged, context);
    for (const HealthEvent& event : found) history->add(event);
  }
  see_step(run, {.step = step.step,
                 .loss = step.loss,
                 .metrics = judged.get(),
                 .events = found,
                 .is_checkup = context.is_checkup});
  for (HealthEvent& event : found) events.push_back(std::move(event));
  while (events.size() > kMostEvents) events.pop_front();
  if (!step.is_skipped || !applied) applied = std::move(judged);
}

const HealthMetrics& HealthMonitor::State::require_observed(const char* call) {
  advance(/*waits=*/true);
  if (observed) return *observed;
  throw std::logic_error(fmt::format("HealthMonitor: {}() before observe()", call));
}

}  // namespace gradvitals
