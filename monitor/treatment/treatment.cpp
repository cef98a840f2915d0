#include "monitor/treatment/treatment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "monitor/metrics/phrases.h"
#include "monitor/trajectory/norm_limit.h"

namespace gradvitals {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
/// Clipping that pauses for so long is told anew.
constexpr std::int64_t kStepsBetweenClips = 32;
/// A level that lasts is no spike: who skips it for ever trains no more.
constexpr std::int64_t kMostSpikesInARow = 8;
/// So many steps in a row without finite gradients, and weights that are not finite are lost.
constexpr std::int64_t kHopelessSkips = 16;
/// What a cut has done shows after some steps.
constexpr std::int64_t kStepsBetweenCuts = 32;
constexpr double kLeastRateFactor = 1e-3;

/// What an entry of a saved state may hold.
struct SavedRange {
  double low = 0.0;
  double high = 0.0;
  bool is_whole = false;
};
/// Up to 2^53 float64 holds every whole number.
constexpr SavedRange kCounts = {.low = 0.0, .high = 0x1p53, .is_whole = true};
constexpr SavedRange kRateFactors = {.low = kLeastRateFactor, .high = 1.0};
/// log10 of every float64 that is finite and above 0.
constexpr SavedRange kLogNorms = {.low = -324.0, .high = 309.0};

const TensorRecord* first_lost_weight(const HealthMetrics& metrics) {
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kWeight && tensor.stats.nonfinite_count() > 0) return &tensor;
  }
  return nullptr;
}

void require_fraction(double value, const char* what) {
  if (value > 0.0 && value < 1.0) return;
  throw std::invalid_argument(fmt::format("Treatment: {} is {}, not between 0 and 1", what, value));
}

/// An explosion, or spikes, that this step goes on with.
bool is_exploding(std::span<const Episode> episodes, std::int64_t step, std::int64_t patience) {
  return std::ranges::any_of(episodes, [&](const Episode& episode) {
    const Finding& finding = episode.finding;
    const bool explodes = finding.verdict == Verdict::kExploding;
    const bool jumps = finding.rule == RuleId::kNormChange && finding.verdict == Verdict::kUnstable;
    return episode.is_open && finding.severity >= Severity::kWarning && episode.last_step == step &&
           episode.count >= patience && (explodes || jumps);
  });
}

std::string number(double value) {
  return fmt::format("{}", value);  // Reads back to the same bits.
}

std::vector<double> numbers_in(const std::string& name, const std::string& text) {
  std::vector<double> values;
  const char* next = text.data();
  const char* const end = next + text.size();
  while (next != end) {
    double value = 0.0;
    const auto [stop, error] = std::from_chars(next, end, value);
    const bool is_separated = stop == end || *stop == ' ';
    if (error != std::errc() || !is_separated || !std::isfinite(value)) {
      throw std::invalid_argument(fmt::format("treatment state '{}' is no list of numbers", name));
    }
    values.push_back(value);
    next = stop == end ? end : stop + 1;
  }
  return values;
}

/// `least` to `most` numbers of the range.
std::vector<double> saved_numbers(const std::map<std::string, std::string>& state,
                                  const std::string& name, std::size_t least, std::size_t most,
                                  const SavedRange& range) {
  const auto entry = state.find(name);
  if (entry == state.end()) {
    throw std::invalid_argument(fmt::format("treatment state '{}' is missing", name));
  }
  std::vector<double> values = numbers_in(name, entry->second);
  if (values.size() < least || values.size() > most) {
    throw std::invalid_argument(
        fmt::format("treatment state '{}' has {} numbers", name, values.size()));
  }
  for (const double value : values) {
    const bool fits = value >= range.low && value <= range.high;
    if (fits && (!range.is_whole || value == std::floor(value))) continue;
    throw std::invalid_argument(fmt::format("treatment state '{}' has {}, no {} from {} to {}",
                                            name, value, range.is_whole ? "whole number" : "number",
                                            range.low, range.high));
  }
  return values;
}

}  // namespace

std::string_view name(TreatmentKind kind) {
  switch (kind) {
    case TreatmentKind::kClip:
      return "clip";
    case TreatmentKind::kSkip:
      return "skip";
    case TreatmentKind::kLearningRate:
      return "lr";
  }
  return "clip";
}

Treatment::Treatment(const TreatmentOptions& options, const Thresholds& thresholds)
    : options_(options),
      thresholds_(thresholds),
      norms_(static_cast<std::size_t>(std::max<std::int64_t>(thresholds.norm_window, 1))) {
  if (options.clip_norm && !(*options.clip_norm > 0.0 && std::isfinite(*options.clip_norm))) {
    throw std::invalid_argument(
        fmt::format("Treatment: the norm to clip to is {}, not positive", *options.clip_norm));
  }
  require_fraction(options.clip_quantile, "the quantile to clip at");
  require_fraction(options.cut_factor, "the factor that cuts the learning rate");
  controls_.skips_nonfinite = options.skips;
  set_limits();
}

std::vector<TreatmentEvent> Treatment::add(const HealthMetrics& metrics, const StepContext& context,
                                           std::span<const Episode> episodes) {
  const std::int64_t step = metrics.step.value_or(steps_);
  ++steps_;
  std::vector<TreatmentEvent> events;
  const double norm = global_norm(metrics);
  const bool is_finite = std::isfinite(norm);
  watch_weights(metrics, is_finite, step, events);
  if (context.is_skipped) {
    add_skip(norm, is_finite, step, events);
  } else {
    add_clip(norm, context, step, events);
  }
  const bool is_spike = is_finite && norm > spike_norm(norms_, thresholds_).value_or(kNoLimit);
  spikes_in_a_row_ = is_spike ? spikes_in_a_row_ + 1 : 0;
  // What lasts is the level, and enters.
  if (is_finite && norm > 0.0 && (!is_spike || spikes_in_a_row_ > kMostSpikesInARow)) {
    norms_.add(std::log10(norm));
  }
  cut_learning_rate(episodes, step, events);
  set_limits();
  return events;
}

/// Skipping keeps weights, whatever they are: where they hold NaN or Inf, every gradient does.
void Treatment::watch_weights(const HealthMetrics& metrics, bool is_finite, std::int64_t step,
                              std::vector<TreatmentEvent>& events) {
  if (is_finite) {
    nonfinite_in_a_row_ = 0;
    lost_weights_.reset();
    return;
  }
  ++nonfinite_in_a_row_;
  const TensorRecord* const lost = first_lost_weight(metrics);
  if (lost == nullptr) return lost_weights_.reset();
  if (!lost_weights_) lost_weights_ = step;
  if (!options_.skips || nonfinite_in_a_row_ != kHopelessSkips) return;
  events.push_back({.kind = TreatmentKind::kSkip,
                    .step = step,
                    .before = global_norm(metrics),
                    .after = 0.0,
                    .text = fmt::format(
                        "Weights hold NaN or Inf since step {}, {} for one: skipping cannot help. "
                        "Resume from a checkpoint from before that step.",
                        *lost_weights_, lost->name.text())});
}

void Treatment::add_skip(double norm, bool is_finite, std::int64_t step,
                         std::vector<TreatmentEvent>& events) {
  ++counts_.skipped_steps;
  events.push_back(
      {.kind = TreatmentKind::kSkip,
       .step = step,
       .before = norm,
       .after = 0.0,
       .text = is_finite
                   ? fmt::format("Skipped: the norm of all gradients is {:.3g}, above {:.3g}.",
                                 norm, controls_.skip_above_norm)
                   : std::string("Skipped: gradients are not finite.")});
}

void Treatment::add_clip(double norm, const StepContext& context, std::int64_t step,
                         std::vector<TreatmentEvent>& events) {
  if (!(context.clip_scale < 1.0)) {
    ++unclipped_in_a_row_;
    return;
  }
  ++counts_.clipped_steps;
  const bool is_new = counts_.clipped_steps == 1 || unclipped_in_a_row_ >= kStepsBetweenClips;
  unclipped_in_a_row_ = 0;
  if (!is_new) return;
  events.push_back(
      {.kind = TreatmentKind::kClip,
       .step = step,
       .before = norm,
       .after = norm * context.clip_scale,
       .text = fmt::format("Clipped: the norm of all gradients, {:.3g}, becomes {:.3g}.", norm,
                           norm * context.clip_scale)});
}

void Treatment::cut_learning_rate(std::span<const Episode> episodes, std::int64_t step,
                                  std::vector<TreatmentEvent>& events) {
  if (!options_.cuts_learning_rate || (last_cut_ && step - *last_cut_ < kStepsBetweenCuts)) return;
  const double before = controls_.learning_rate_factor;
  if (before <= kLeastRateFactor || !is_exploding(episodes, step, thresholds_.patience)) return;
  controls_.learning_rate_factor = std::max(before * options_.cut_factor, kLeastRateFactor);
  last_cut_ = step;
  ++counts_.learning_rate_cuts;
  events.push_back(
      {.kind = TreatmentKind::kLearningRate,
       .step = step,
       .before = before,
       .after = controls_.learning_rate_factor,
       .text = fmt::format("The learning rate is cut to {:.3g} of its schedule, from {:.3g}: an "
                           "explosion lasts.",
                           controls_.learning_rate_factor, before)});
}

void Treatment::set_limits() {
  if (options_.clips) {
    const bool is_known = norms_.count() > 0 &&
                          static_cast<std::int64_t>(norms_.count()) >= thresholds_.min_norm_window;
    controls_.max_norm = options_.clip_norm ? *options_.clip_norm
                         : is_known ? std::pow(10.0, norms_.quantile(options_.clip_quantile))
                                    : kNoLimit;
  }
  if (options_.skips) {
    controls_.skip_above_norm = spikes_in_a_row_ >= kMostSpikesInARow
                                    ? kNoLimit
                                    : spike_norm(norms_, thresholds_).value_or(kNoLimit);
  }
}

void Treatment::save_state(std::map<std::string, std::string>& state) const {
  std::string norms;
  for (const double value : norms_.values()) {
    if (!norms.empty()) norms += ' ';
    norms += number(value);
  }
  state["treatment.norms"] = norms;
  state["treatment.learning_rate_factor"] = number(controls_.learning_rate_factor);
  state["treatment.last_cut"] = last_cut_ ? std::to_string(*last_cut_) : "";
  state["treatment.counts"] =
      fmt::format("{} {} {} {} {} {}", counts_.clipped_steps, counts_.skipped_steps,
                  counts_.learning_rate_cuts, unclipped_in_a_row_, spikes_in_a_row_, steps_);
  state["treatment.nonfinite_steps"] = std::to_string(nonfinite_in_a_row_);
  state["treatment.lost_weights"] = lost_weights_ ? std::to_string(*lost_weights_) : "";
}

void Treatment::load_state(const std::map<std::string, std::string>& state) {
  const std::vector<double> norms =
      saved_numbers(state, "treatment.norms", 0, norms_.capacity(), kLogNorms);
  const std::vector<double> factor =
      saved_numbers(state, "treatment.learning_rate_factor", 1, 1, kRateFactors);
  const std::vector<double> last_cut = saved_numbers(state, "treatment.last_cut", 0, 1, kCounts);
  const std::vector<double> counts = saved_numbers(state, "treatment.counts", 6, 6, kCounts);
  const std::vector<double> nonfinite =
      saved_numbers(state, "treatment.nonfinite_steps", 1, 1, kCounts);
  const std::vector<double> lost = saved_numbers(state, "treatment.lost_weights", 0, 1, kCounts);
  norms_.clear();
  for (const double value : norms) norms_.add(value);
  controls_.learning_rate_factor = factor.front();
  last_cut_.reset();
  if (!last_cut.empty()) last_cut_ = static_cast<std::int64_t>(last_cut.front());
  const auto count = [&counts](std::size_t i) { return static_cast<std::int64_t>(counts[i]); };
  counts_ = {.clipped_steps = count(0), .skipped_steps = count(1), .learning_rate_cuts = count(2)};
  unclipped_in_a_row_ = count(3);
  spikes_in_a_row_ = count(4);
  steps_ = count(5);
  nonfinite_in_a_row_ = static_cast<std::int64_t>(nonfinite.front());
  lost_weights_.reset();
  if (!lost.empty()) lost_weights_ = static_cast<std::int64_t>(lost.front());
  set_limits();
}

}  // namespace gradvitals
