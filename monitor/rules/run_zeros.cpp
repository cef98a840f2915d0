// R13 over a run: which gradients never move, which have stopped, and which rest now and then.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "monitor/metrics/phrases.h"
#include "monitor/rules/advice.h"
#include "monitor/rules/run_checks.h"
#include "monitor/rules/run_histories.h"

namespace gradvitals {
namespace {

/// Gradients that share one finding, and the first step in which it holds of one of them.
struct Group {
  std::vector<std::string> names;
  std::size_t place = 0;
  std::int64_t count = 0;  ///< Steps in which it holds.
  bool has_missing = false;

  void add(const TensorHistory& history, std::size_t first, std::int64_t steps) {
    place = names.empty() ? first : std::min(place, first);
    count = std::max(count, steps);
    names.emplace_back(history.name);
    has_missing = has_missing || history.missing > 0;
  }
};

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
  finding.advice = advice_against_zeros();
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
    findings.back().finding.advice = advice_for_missing_gradients();
  }
  if (!zero.names.empty()) {
    const std::int64_t count = std::ssize(zero.names);
    findings.push_back(group_finding(
        run, zero, Severity::kCritical, Verdict::kVanishing,
        fmt::format("{} {} exactly zero in {}: {}. That is no initial value: {} never {}.", count,
                    plural(count, "gradient is", "gradients are"), step_count_text(run),
                    list_names(zero.names), plural(count, "it", "they"),
                    plural(count, "moves", "move"))));
    findings.back().finding.advice = advice_against_zeros();
  }
}

/// A batch need not hold tokens for every expert.
void append_idle_experts(const RunEvidence& run, const Group& experts,
                         std::vector<RunFinding>& findings) {
  if (experts.names.empty()) return;
  const std::int64_t count = std::ssize(experts.names);
  findings.push_back(group_finding(
      run, experts, Severity::kWarning, Verdict::kVanishing,
      fmt::format("{} {} zero or missing in {}, while other experts of the kind move: {}. No token "
                  "came to {}.",
                  count, plural(count, "gradient of an expert is", "gradients of experts are"),
                  step_count_text(run), list_names(experts.names),
                  plural(count, "that expert", "those experts"))));
  findings.back().finding.advice = advice_for_idle_experts();
}

void append_changing(const RunEvidence& run, const Group& stopped, const Group& resting,
                     const Group& idle, std::vector<RunFinding>& findings) {
  if (!stopped.names.empty()) {
    const std::int64_t count = std::ssize(stopped.names);
    findings.push_back(group_finding(
        run, stopped, Severity::kWarning, Verdict::kVanishing,
        fmt::format("{} {} stopped moving at {} and {} {} to the end: {}.", count,
                    plural(count, "gradient has", "gradients have"), run.steps[stopped.place].label,
                    plural(count, "is", "are"), stopped.has_missing ? "zero or missing" : "zero",
                    list_names(stopped.names))));
    findings.back().finding.advice = {
        "Compare this step with the one before: look for units that died, and for layers that were "
        "frozen"};
  }
  if (!resting.names.empty()) {
    const std::int64_t count = std::ssize(resting.names);
    const std::string& label = run.steps[resting.place].label;
    const bool is_total = count == 1 && is_total_norm(*run.steps[resting.place].metrics, 0);
    findings.push_back(group_finding(
        run, resting, Severity::kInfo, Verdict::kVanishing,
        is_total
            ? fmt::format("The {} is zero in some steps and not in others. First {}.",
                          total_norm_phrase(resting.names.front()), label)
            : fmt::format("{} {} zero or missing in some steps and {} in others: {}. First {}.",
                          count, plural(count, "gradient is", "gradients are"),
                          plural(count, "moves", "move"), list_names(resting.names), label)));
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
  if (run.finite.size() < 2) return {};
  std::vector<RunFinding> findings;
  const std::vector<std::size_t> still = still_steps(run);
  const bool ends_still = !still.empty() && still.back() == run.finite.back();
  const Histories histories(run);
  Group missing, zero, experts, stopped, resting, idle;
  for (const TensorHistory& history : histories.all()) {
    if (history.still() == 0) continue;
    if (history.never_moves()) {
      const bool is_missing = history.missing == history.observed;
      Group& group = history.is_idle_expert ? experts
                     : is_missing           ? missing
                     : history.is_idle_bias ? idle
                                            : zero;
      group.add(history, history.first_seen, history.observed);
    } else if (history.has_stopped() && !history.is_idle_bias) {
      stopped.add(history, history.first_still, history.still_now);
    } else {
      resting.add(history, history.first_rest, history.still());
    }
  }
  if (ends_still) findings.push_back(nothing_moves(run, still));
  if (ends_still) zero = experts = stopped = resting = {};  // The finding covers them all.
  append_never(run, missing, zero, findings);
  append_idle_experts(run, experts, findings);
  append_changing(run, stopped, resting, idle, findings);
  for (RunFinding& finding : findings) finding.finding.rule = RuleId::kZeroGradient;
  return findings;
}

}  // namespace gradvitals
