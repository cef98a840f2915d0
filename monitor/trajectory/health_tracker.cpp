#include "monitor/trajectory/health_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "monitor/metrics/python_json.h"
#include "monitor/rules/rule.h"
#include "monitor/trajectory/episodes.h"
#include "monitor/trajectory/gradient_presence.h"
#include "monitor/trajectory/saved_state.h"
#include "monitor/trajectory/step_signals.h"
#include "monitor/trajectory/tracker_state.h"
#include "monitor/trajectory/trajectory_memory.h"
#include "monitor/trajectory/trajectory_rule.h"

namespace gradvitals {
namespace {

/// Steps whose largest update ratios make the temperature.
constexpr std::size_t kTemperatureSteps = 32;

/// Of the form of a saved state: the next one gets the next number.
constexpr std::int64_t kStateVersion = 1;

std::optional<double> largest_update_ratio(const StepSignals& step) {
  std::optional<double> largest;
  for (const ParameterSignal& parameter : step.parameters) {
    const std::optional<double> ratio = parameter.update_to_weight_ratio();
    if (parameter.is_kernel && ratio) largest = std::max(largest.value_or(*ratio), *ratio);
  }
  return largest;
}

/// Small gradients of a network that has learnt what there is to learn, down to this loss, are no
/// fault.
void excuse_converged(Finding& finding, double loss, const TrajectoryMemory& memory) {
  const bool is_small =
      finding.rule == RuleId::kVanishedGradients || finding.rule == RuleId::kCompleteFailure;
  if (!is_small || !decides(finding)) return;
  finding.severity = Severity::kInfo;
  finding.text += fmt::format(
      " The loss, {:.2g}, is next to nothing beside {:.2g} at the start: training has "
      "converged.",
      loss, *memory.first_loss());
}

/// A loss scaler that begins at 2^16 and halves its scale has come down to 1 after so many steps.
constexpr std::int64_t kMostOverflowsInARow = 16;

/// Whether the step looks as one that a loss scaler skips because its scale is too large: an
/// overflow in backward alone. It may leave NaN, too, where Inf meets 0 or Inf, but NaN without Inf
/// is none.
bool is_overflow(const HealthMetrics& metrics, const StepContext& context) {
  if (!context.is_skipped || !(metrics.loss_scale > 1.0)) return false;
  if (metrics.loss && !std::isfinite(*metrics.loss)) return false;
  const auto is_backward = [](const TensorRecord& tensor) {
    return tensor.role == Role::kGradient || tensor.role == Role::kDelta;
  };
  const auto is_infinite = [](const TensorRecord& tensor) { return tensor.stats.inf_count > 0; };
  return std::ranges::any_of(metrics.tensors, is_infinite) &&
         std::ranges::all_of(metrics.tensors, [&](const TensorRecord& tensor) {
           return is_backward(tensor) || tensor.stats.nonfinite_count() == 0;
         });
}

/// What a loss scaler does to find its scale is no fault.
void excuse_overflow(Finding& finding, double loss_scale) {
  finding.severity = Severity::kInfo;
  finding.text += fmt::format(
      " The step was skipped under a loss scale of {:g}, as a loss scaler does until it has found "
      "one.",
      loss_scale);
  finding.advice = {"Lower the first loss scale, or clip gradients, where it happens often"};
}

std::vector<CheckedFinding> non_finite_findings(const HealthMetrics& metrics,
                                                const Thresholds& thresholds) {
  std::vector<CheckedFinding> found;
  for (Finding& finding : diagnose(metrics, thresholds).findings) {
    if (finding.rule == RuleId::kNonFinite) {
      found.push_back({.finding = std::move(finding), .is_immediate = true});
    }
  }
  return found;
}

std::vector<CheckedFinding> trajectory_findings(const TrajectoryEvidence& evidence) {
  std::vector<CheckedFinding> found;
  for (const TrajectoryRule& rule : trajectory_rules()) {
    for (Finding& finding : rule.check(evidence)) {
      finding.rule = rule.id;
      found.push_back({.finding = std::move(finding), .is_immediate = rule.is_immediate});
    }
  }
  return found;
}

}  // namespace

struct HealthTracker::State {
  explicit State(const Thresholds& limits)
      : thresholds(limits), memory(thresholds), episodes(thresholds) {}
  State(const State&) = delete;  // Its members refer to each other.
  State& operator=(const State&) = delete;

  void check_step(const StepSignals& step, const HealthMetrics& metrics, const StepContext& context,
                  std::vector<HealthEvent>& events);
  void check_up(const StepSignals& step, const HealthMetrics& metrics,
                std::vector<HealthEvent>& events);
  void take_vital_signs(const StepSignals& step);
  /// Of the gradients that do not pause.
  Diagnosis diagnose_present(const HealthMetrics& metrics) const {
    const std::optional<HealthMetrics> present = presence.without_paused(metrics);
    return diagnose(present ? *present : metrics, thresholds);
  }
  /// By the last step.
  bool is_scale_searched() const { return overflows > 0 && overflows <= kMostOverflowsInARow; }
  void load(const SavedObject& saved);

  Thresholds thresholds;
  SignalReader reader;
  TrajectoryMemory memory;
  Episodes episodes;
  GradientPresence presence;
  RobustWindow update_ratios{kTemperatureSteps};
  VitalSigns signs;
  Severity worst = Severity::kOk;
  bool has_converged = false;
  std::optional<double> last_loss;  ///< Not saved: known again after the next step.
  std::int64_t overflows = 0;       ///< In a row, up to the last step. Not saved: counted anew.
  std::int64_t first_overflow = 0;  ///< The step of the first of them.
  std::int64_t steps = 0;
  std::optional<std::int64_t> last_step;
  std::vector<HealthEvent> last_events;
};

void HealthTracker::State::check_step(const StepSignals& step, const HealthMetrics& metrics,
                                      const StepContext& context,
                                      std::vector<HealthEvent>& events) {
  std::vector<CheckedFinding> found;
  if (!step.is_finite) found = non_finite_findings(metrics, thresholds);
  overflows = !step.is_finite && is_overflow(metrics, context) ? overflows + 1 : 0;
  if (overflows == 1) first_overflow = step.step;
  if (is_scale_searched()) {
    for (CheckedFinding& each : found) excuse_overflow(each.finding, metrics.loss_scale);
  }
  episodes.add(CheckKind::kFinite, step.step, std::move(found), events);
  // Of a step that is not finite nothing else can be said: neither that it is ill, nor that it is
  // not.
  if (!step.is_finite) return;
  episodes.add(CheckKind::kStep, step.step,
               trajectory_findings({step, metrics, context, memory, thresholds}), events);
}

void HealthTracker::State::check_up(const StepSignals& step, const HealthMetrics& metrics,
                                    std::vector<HealthEvent>& events) {
  Diagnosis diagnosis = diagnose_present(metrics);
  const HeartRate heart_rate = signs.heart_rate;
  signs = diagnosis.vital_signs;
  signs.heart_rate = heart_rate;
  if (!step.is_finite) return;
  std::vector<CheckedFinding> found;
  const bool is_converged = memory.has_converged(step);
  for (Finding& finding : diagnosis.findings) {
    if (is_converged) excuse_converged(finding, *step.loss, memory);
    const bool is_immediate = finding.rule == RuleId::kNonFinite;
    found.push_back({.finding = std::move(finding), .is_immediate = is_immediate});
  }
  episodes.add(CheckKind::kCheckup, step.step, std::move(found), events);
}

void HealthTracker::State::take_vital_signs(const StepSignals& step) {
  if (const std::optional<double> ratio = largest_update_ratio(step); ratio && step.is_finite) {
    update_ratios.add(*ratio);
  }
  if (update_ratios.count() > 0) {
    signs.temperature = temperature_of(update_ratios.median(), thresholds);
  }
  if (static_cast<std::int64_t>(memory.norms().count()) < thresholds.min_norm_window) return;
  signs.heart_rate = heart_rate_of(memory.norms().mad(), memory.spikes_in_window());
}

HealthTracker::HealthTracker(const Thresholds& thresholds)
    : state_(std::make_unique<State>(thresholds)) {}
HealthTracker::~HealthTracker() = default;
HealthTracker::HealthTracker(HealthTracker&&) noexcept = default;
HealthTracker& HealthTracker::operator=(HealthTracker&&) noexcept = default;

std::vector<HealthEvent> HealthTracker::add(const HealthMetrics& metrics,
                                            const StepContext& context) {
  State& state = *state_;
  const StepSignals& step = state.reader.read(metrics, state.steps);
  std::vector<HealthEvent> events;
  state.presence.add(metrics, step.step);
  state.check_step(step, metrics, context, events);
  if (context.is_checkup) state.check_up(step, metrics, events);
  state.has_converged = state.memory.has_converged(step);
  state.last_loss = step.loss;
  state.memory.remember(step, context);
  state.take_vital_signs(step);
  ++state.steps;
  for (const HealthEvent& event : events) {
    state.worst = std::max(state.worst, event.episode.finding.severity);
  }
  state.last_step = step.step;
  state.last_events = events;
  return events;
}

Diagnosis HealthTracker::judge(const HealthMetrics& metrics) const {
  Diagnosis diagnosis = state_->diagnose_present(metrics);
  std::vector<Finding>& findings = diagnosis.findings;
  if (state_->has_converged && state_->last_loss) {
    for (Finding& finding : findings) excuse_converged(finding, *state_->last_loss, state_->memory);
  }
  // An earlier step that is not finite, and was applied, is a fault all the same.
  const bool is_one_of_them =
      metrics.step.value_or(state_->first_overflow) >= state_->first_overflow;
  if (state_->is_scale_searched() && is_one_of_them) {
    for (Finding& finding : findings) {
      if (finding.rule == RuleId::kNonFinite) excuse_overflow(finding, metrics.loss_scale);
    }
  }
  for (const Episode& episode : episodes()) {
    const Finding& open = episode.finding;
    const bool lasts = open.rule == RuleId::kNonFinite || trajectory_rule(open.rule) != nullptr;
    const bool is_told = std::ranges::any_of(findings, [&open](const Finding& finding) {
      return finding.rule == open.rule && finding.network == open.network;
    });
    if (episode.is_open && lasts && !is_told) findings.push_back(open);
  }
  diagnosis.vital_signs.heart_rate = vital_signs().heart_rate;
  diagnosis.vital_signs.temperature = vital_signs().temperature;
  decide(diagnosis);
  return diagnosis;
}

const std::vector<Episode>& HealthTracker::episodes() const {
  return state_->episodes.all();
}

std::int64_t HealthTracker::forgotten_episodes() const {
  return state_->episodes.forgotten();
}

Verdict HealthTracker::verdict() const {
  const Episode* const deciding = state_->episodes.deciding();
  return deciding != nullptr ? deciding->finding.verdict : Verdict::kHealthy;
}

Severity HealthTracker::severity() const {
  Severity severity = Severity::kOk;
  for (const Episode& episode : episodes()) {
    if (episode.is_open) severity = std::max(severity, episode.finding.severity);
  }
  return severity;
}

Severity HealthTracker::worst_severity() const {
  return state_->worst;
}

bool HealthTracker::has_converged() const {
  return state_->has_converged;
}

const VitalSigns& HealthTracker::vital_signs() const {
  return state_->signs;
}

std::int64_t HealthTracker::steps() const {
  return state_->steps;
}

std::optional<std::int64_t> HealthTracker::last_step() const {
  return state_->last_step;
}

std::span<const HealthEvent> HealthTracker::last_events() const {
  return state_->last_events;
}

std::string HealthTracker::save_state() const {
  const State& state = *state_;
  StateJson events = StateJson::array();
  for (const HealthEvent& event : state.last_events) events.push_back(save_event(event));
  const StateJson saved = {
      {"version", kStateVersion},
      {"steps", state.steps},
      {"last_step", state.last_step ? StateJson(*state.last_step) : StateJson()},
      {"last_events", events},
      {"worst_severity", name(state.worst)},
      {"vital_signs", save_vital_signs(state.signs)},
      {"has_converged", state.has_converged},
      {"update_ratios", state.update_ratios.values()},
      {"memory", state.memory.save()},
      {"episodes", state.episodes.save()}};
  return saved.dump(-1, ' ', true, StateJson::error_handler_t::replace);
}

void HealthTracker::State::load(const SavedObject& saved) {
  const std::int64_t version = saved.whole_number("version", 1);
  if (version != kStateVersion) {
    saved.refuse("version", fmt::format("is {}; this program reads {}", version, kStateVersion));
  }
  steps = saved.whole_number("steps", 0);
  last_step = saved.optional_whole_number("last_step");
  for (const SavedObject& event : saved.objects("last_events")) {
    last_events.push_back(load_event(event));
  }
  worst = saved.named<Severity>("worst_severity", [](Severity value) { return name(value); });
  signs = load_vital_signs(saved.object("vital_signs"));
  has_converged = saved.flag("has_converged");
  for (const double ratio : saved.finite_numbers("update_ratios")) update_ratios.add(ratio);
  memory.load(saved.object("memory"));
  episodes.load(saved.object("episodes"));
}

void HealthTracker::load_state(std::string_view state) {
  const JsonText parsed = read_json(state);
  if (!parsed.complaint.empty()) {
    throw std::invalid_argument(fmt::format("tracker state: {}", parsed.complaint));
  }
  auto loaded = std::make_unique<State>(state_->thresholds);
  loaded->load(SavedObject(parsed.value, ""));
  state_ = std::move(loaded);
}

}  // namespace gradvitals
