// R13 over a run: which gradients never move, which have stopped, and which rest now and then.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kernels/view.h"
#include "monitor/metrics/parameter_name.h"
#include "monitor/rules/rule.h"
#include "monitor/rules/run_checks.h"

namespace gradvitals {
namespace {

constexpr std::string_view kRule = "R13";

enum class Motion : std::uint8_t { kMoves, kZero, kMissing };

/// One gradient over the finite steps.
struct TensorHistory {
  std::string_view name;
  std::int64_t observed = 0, moving = 0, missing = 0;
  std::size_t first_seen = 0;       ///< Place of the first step that has it.
  std::size_t first_still = 0;      ///< Of the steps without motion that end the run.
  std::int64_t still_now = 0;       ///< How many those are.
  std::int64_t longest_rest = 0;    ///< Steps without motion between two that have it.
  std::int64_t still_at_start = 0;  ///< Steps without motion before any that has it.
  std::size_t first_rest = 0;       ///< Place of the first step without motion.
  bool is_idle_bias = false;        ///< In one step at least its kernel moved and it did not.

  void add(Motion motion, std::size_t place) {
    if (observed++ == 0) first_seen = place;
    if (motion == Motion::kMoves) {
      std::int64_t& rest = moving++ == 0 ? still_at_start : longest_rest;
      rest = std::max(rest, still_now);
      still_now = 0;
      return;
    }
    if (motion == Motion::kMissing) ++missing;
    if (still() == 1) first_rest = place;
    if (still_now++ == 0) first_still = place;
  }

  std::int64_t still() const { return observed - moving; }
  bool never_moves() const { return moving == 0 && observed > 1; }
  /// What rests now and then has rested longer than it has moved before; one step may be chance.
  bool has_stopped() const {
    return moving > 0 && still_now > 1 && still_now > 2 * longest_rest &&
           still_now > still_at_start;
  }
};

/// The histories of every gradient, in the order in which they are met.
class Histories {
 public:
  explicit Histories(const RunEvidence& run) {
    for (const std::size_t place : run.finite) add_step(*run.steps[place].metrics, place);
  }

  const std::deque<TensorHistory>& all() const { return histories_; }

 private:
  void add_step(const HealthMetrics& metrics, std::size_t place) {
    for (const TensorRecord& tensor : metrics.tensors) {
      if (tensor.role != Role::kGradient) continue;
      const bool is_missing = !tensor.exists || tensor.stats.count == 0;
      const bool is_zero = tensor.stats.zero_count == tensor.stats.count;
      add(tensor.name,
          is_missing ? Motion::kMissing
          : is_zero  ? Motion::kZero
                     : Motion::kMoves,
          place, metrics);
    }
    if (!metrics.tensors.empty()) return;
    for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
      add(norm_name(metrics, i), metrics.gradient_norms[i] == 0.0 ? Motion::kZero : Motion::kMoves,
          place, metrics);
    }
  }

  void add(std::string_view name, Motion motion, std::size_t place, const HealthMetrics& metrics) {
    auto found = index_.find(name);
    if (found == index_.end()) {
      names_.emplace_back(name);
      TensorHistory& history = histories_.emplace_back();
      history.name = names_.back();
      found = index_.emplace(history.name, &history).first;
    }
    TensorHistory& history = *found->second;
    history.add(motion, place);
    if (motion == Motion::kZero && !history.is_idle_bias) {
      history.is_idle_bias = is_bias_of_moving_kernel(name, metrics);
    }
  }

  static bool is_bias_of_moving_kernel(std::string_view name, const HealthMetrics& metrics) {
    const LayerKey layer = layer_key(name);
    bool is_vector = metrics.tensors.empty() && says_bias(name);
    bool kernel_moves = false;
    for (const TensorRecord& tensor : metrics.tensors) {
      if (tensor.role != Role::kGradient || layer_key(tensor.name) != layer) continue;
      if (tensor.name == name) is_vector = tensor.rank < 2;
      if (tensor.rank >= 2) kernel_moves |= tensor.stats.zero_count < tensor.stats.finite_count();
    }
    if (!metrics.tensors.empty()) return is_vector && kernel_moves;
    for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
      const std::string other = norm_name(metrics, i);
      kernel_moves |=
          says_kernel(other) && layer_key(other) == layer && metrics.gradient_norms[i] > 0.0;
    }
    return is_vector && kernel_moves;
  }

  std::deque<std::string> names_;
  std::deque<TensorHistory> histories_;
  std::unordered_map<std::string_view, TensorHistory*> index_;
};

/// Gradients of which the same is to be said, and the step in which it first holds of one of them.
struct Group {
  std::vector<std::string> names;
  std::size_t place = 0;
  std::int64_t count = 0;  ///< Steps in which it holds.

  void add(const TensorHistory& history, std::size_t first, std::int64_t steps) {
    place = names.empty() ? first : std::min(place, first);
    count = std::max(count, steps);
    names.emplace_back(history.name);
  }
};

std::vector<std::string> cut_advice() {
  return {
      "Look for what cuts the gradient off: clamp, round, argmax, detach, a mask, labels that are "
      "all ignored, a softmax over one element, a clip factor of 0",
      "Look for saturated or dead units between here and the loss, and for weights of zero: two "
      "zero-initialised layers in a row never leave zero"};
}

RunFinding group_finding(const RunEvidence& run, const Group& group, Severity severity,
                         Verdict verdict, std::string text) {
  Finding finding;
  finding.severity = severity;
  finding.verdict = verdict;
  finding.tensor = group.names.front();
  finding.value = static_cast<double>(group.names.size());
  finding.threshold = 0.0;
  finding.text = std::move(text);
  return finding_at(run, group.place, group.count, std::move(finding));
}

/// Steps in which every gradient is exactly zero.
std::vector<std::size_t> still_steps(const RunEvidence& run) {
  std::vector<std::size_t> still;
  std::ranges::copy_if(run.finite, std::back_inserter(still), [&run](std::size_t place) {
    const std::vector<double>& norms = run.steps[place].metrics->gradient_norms;
    return !norms.empty() && std::ranges::all_of(norms, [](double norm) { return norm == 0.0; });
  });
  return still;
}

RunFinding nothing_moves(const RunEvidence& run, const std::vector<std::size_t>& still) {
  // Where the steps without motion that end the run begin.
  std::size_t begin = still.size() - 1;
  while (begin > 0 &&
         run.finite[run.finite.size() - still.size() + begin - 1] == still[begin - 1]) {
    --begin;
  }
  Finding finding;
  finding.severity = Severity::kCritical;
  finding.verdict = Verdict::kVanishing;
  const std::int64_t count = std::ssize(still) - static_cast<std::int64_t>(begin);
  finding.value = static_cast<double>(count);
  finding.threshold = 0.0;
  finding.text = fmt::format(
      "Every gradient is exactly zero in the last {}, from {} on: nothing is "
      "learnt.",
      steps_text(count), run.steps[still[begin]].label);
  finding.advice = cut_advice();
  return finding_at(run, still[begin], count, std::move(finding));
}

std::string step_count_text(const RunEvidence& run) {
  const auto count = std::ssize(run.finite);
  return count == std::ssize(run.steps) ? fmt::format("all {}", steps_text(count))
                                        : fmt::format("all {} that are finite", steps_text(count));
}

void append_never(const RunEvidence& run, const Group& missing, const Group& zero,
                  std::vector<RunFinding>& findings) {
  if (!missing.names.empty()) {
    const std::int64_t count = std::ssize(missing.names);
    findings.push_back(group_finding(
        run, missing, Severity::kCritical, Verdict::kNoGradient,
        fmt::format("{} {} no gradient in {}, because the loss does not depend on {}: {}.", count,
                    plural(count, "parameter has", "parameters have"), step_count_text(run),
                    plural(count, "it", "them"), list_names(missing.names))));
    findings.back().finding.advice = {"Check that the parameter takes part in the forward pass",
                                      "Look for a branch that never reaches the loss: a detach, a "
                                      "no_grad, a module that forward() "
                                      "does not call"};
  }
  if (!zero.names.empty()) {
    const std::int64_t count = std::ssize(zero.names);
    findings.push_back(group_finding(
        run, zero, Severity::kCritical, Verdict::kVanishing,
        fmt::format("{} {} exactly zero in {}: {}. That is no initial value: {} never {}.", count,
                    plural(count, "gradient is", "gradients are"), step_count_text(run),
                    list_names(zero.names), plural(count, "it", "they"),
                    plural(count, "moves", "move"))));
    findings.back().finding.advice = cut_advice();
  }
}

void append_changing(const RunEvidence& run, const Group& stopped, const Group& resting,
                     const Group& idle, std::vector<RunFinding>& findings) {
  if (!stopped.names.empty()) {
    const std::int64_t count = std::ssize(stopped.names);
    findings.push_back(group_finding(
        run, stopped, Severity::kWarning, Verdict::kVanishing,
        fmt::format("{} {} stopped moving at {} and {} zero to the end: {}.", count,
                    plural(count, "gradient has", "gradients have"), run.steps[stopped.place].label,
                    plural(count, "is", "are"), list_names(stopped.names))));
    findings.back().finding.advice = {
        "Compare this step with the one before: look for units that died, and for layers that were "
        "frozen"};
  }
  if (!resting.names.empty()) {
    const std::int64_t count = std::ssize(resting.names);
    findings.push_back(group_finding(
        run, resting, Severity::kInfo, Verdict::kVanishing,
        fmt::format("{} {} zero or missing in some steps and {} in others: {}. First {}.", count,
                    plural(count, "gradient is", "gradients are"), plural(count, "moves", "move"),
                    list_names(resting.names), run.steps[resting.place].label)));
  }
  if (!idle.names.empty()) {
    findings.push_back(group_finding(
        run, idle, Severity::kInfo, Verdict::kVanishing,
        fmt::format("{} {} idle in {} while {} kernel moves: {}.", idle.names.size(),
                    plural(std::ssize(idle.names), "bias is", "biases are"), step_count_text(run),
                    plural(std::ssize(idle.names), "its", "each"), list_names(idle.names))));
  }
}

}  // namespace

std::vector<RunFinding> check_run_zeros(const RunEvidence& run) {
  std::vector<RunFinding> findings;
  const std::vector<std::size_t> still = still_steps(run);
  const bool ends_still = !still.empty() && still.back() == run.finite.back();
  const Histories histories(run);
  Group missing, zero, stopped, resting, idle;
  for (const TensorHistory& history : histories.all()) {
    if (history.still() == 0) continue;
    if (history.never_moves()) {
      const bool is_missing = history.missing == history.observed;
      Group& group = is_missing ? missing : history.is_idle_bias ? idle : zero;
      group.add(history, history.first_seen, history.observed);
    } else if (history.has_stopped() && !history.is_idle_bias) {
      stopped.add(history, history.first_still, history.still_now);
    } else {
      resting.add(history, history.first_rest, history.still());
    }
  }
  if (ends_still) findings.push_back(nothing_moves(run, still));
  if (ends_still) zero = stopped = resting = {};  // It is said of all of them.
  append_never(run, missing, zero, findings);
  append_changing(run, stopped, resting, idle, findings);
  for (RunFinding& finding : findings) finding.finding.rule = kRule;
  return findings;
}

}  // namespace gradvitals
