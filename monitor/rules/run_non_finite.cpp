// R1 over a run: NaN is at fault at once, an infinity may be a loss scaler's.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "monitor/metrics/phrases.h"
#include "monitor/rules/run_checks.h"

namespace gradvitals {
namespace {

bool is_non_finite(StepKind kind) {
  return kind == StepKind::kOverflow || kind == StepKind::kBroken;
}

/// The overflows of a run by what they can mean.
struct Overflows {
  std::vector<std::size_t> early;  ///< Before the first finite step: the scaler searches.
  /// A single one after finite steps: the scaler has tried a larger scale.
  std::vector<std::size_t> lone;
  std::vector<std::size_t> bad;  ///< The others, and everything with NaN.
};

bool is_finite_at(const RunEvidence& run, std::size_t place) {
  return place < run.kinds.size() && run.kinds[place] == StepKind::kFinite;
}

Overflows sort_out(const RunEvidence& run) {
  Overflows found;
  const std::size_t first_finite = run.finite.empty() ? 0 : run.finite.front();
  for (std::size_t i = 0; i < run.kinds.size(); ++i) {
    if (!is_non_finite(run.kinds[i])) continue;
    const bool is_last = i + 1 == run.kinds.size();
    if (run.kinds[i] == StepKind::kBroken) {
      found.bad.push_back(i);
    } else if (i < first_finite) {
      found.early.push_back(i);
    } else if (i > 0 && is_finite_at(run, i - 1) && (is_last || is_finite_at(run, i + 1))) {
      found.lone.push_back(i);
    } else {
      found.bad.push_back(i);
    }
  }
  return found;
}

/// What the step's own diagnosis says.
Finding own_finding(const RunEvidence& run, std::size_t place) {
  const std::vector<Finding>& findings = run.steps[place].diagnosis->findings;
  const auto own = std::ranges::find(findings, Verdict::kNonFinite, &Finding::verdict);
  Finding finding = *own;
  finding.consequence_of.reset();
  return finding;
}

/// How many of the `after` steps behind the first one are like it.
std::string later_steps(std::int64_t like_it, std::int64_t after) {
  if (after == 0) return "";
  if (like_it == 0) return "; no later step is like it";
  return fmt::format("; {} of the {} after it {} like it", like_it, steps_text(after),
                     plural(like_it, "is", "are"));
}

RunFinding bad_steps(const RunEvidence& run, const std::vector<std::size_t>& bad) {
  const std::size_t place = bad.front();
  const std::string_view what = run.kinds[place] == StepKind::kBroken ? "not finite" : "infinite";
  const auto before =
      std::ranges::count_if(run.finite, [place](std::size_t finite) { return finite < place; });
  const auto after = std::ssize(run.kinds) - static_cast<std::int64_t>(place) - 1;
  Finding finding = own_finding(run, place);
  finding.severity = Severity::kCritical;
  const std::string since = before > 0 ? fmt::format("after {} that {} finite", steps_text(before),
                                                     plural(before, "is", "are"))
                                       : std::string("and no step before it is finite");
  finding.text = fmt::format("{} is the first that is {}, {}{}. {}", run.steps[place].label, what,
                             since, later_steps(std::ssize(bad) - 1, after), finding.text);
  return finding_at(run, place, std::ssize(bad), std::move(finding));
}

RunFinding early_overflows(const RunEvidence& run, const std::vector<std::size_t>& early) {
  Finding finding = own_finding(run, early.front());
  finding.severity = Severity::kInfo;
  finding.text = fmt::format(
      "{} before {} {} Inf and no NaN, as a loss scaler that still searches its scale leaves them: "
      "it skips such steps.",
      steps_text(std::ssize(early)), run.steps[run.finite.front()].label,
      plural(std::ssize(early), "holds", "hold"));
  finding.advice = {"Without a loss scaler, lower the learning rate of the first steps"};
  return finding_at(run, early.front(), std::ssize(early), std::move(finding));
}

/// One is what a scaler does; many are not, unless the run is long.
RunFinding lone_overflows(const RunEvidence& run, const std::vector<std::size_t>& lone) {
  const std::int64_t count = std::ssize(lone);
  const auto few = static_cast<std::int64_t>(run.thresholds.skipped_step_fraction *
                                             static_cast<double>(run.kinds.size()));
  const bool is_last = lone.back() + 1 == run.kinds.size();
  Finding finding = own_finding(run, lone.front());
  finding.severity =
      count > std::max<std::int64_t>(1, few) || is_last ? Severity::kWarning : Severity::kInfo;
  finding.text = fmt::format(
      "{} between finite ones {} Inf and no NaN, {}{}: a loss scaler that tries a larger "
      "scale skips such a step, now and then.",
      steps_text(count), plural(count, "holds", "hold"), count > 1 ? "first " : "",
      run.steps[lone.front()].label);
  if (is_last) {
    finding.text = fmt::format(
        "{}, the last step, holds Inf and no NaN: one step that a loss scaler skips, or the first "
        "of "
        "many.",
        run.steps[lone.back()].label);
    finding.advice = {"Judge the next steps as well",
                      "Without a loss scaler, clip gradients or lower the learning rate"};
  } else {
    finding.advice = {"Without a loss scaler, clip gradients or lower the learning rate"};
  }
  return finding_at(run, is_last ? lone.back() : lone.front(), count, std::move(finding));
}

}  // namespace

std::vector<RunFinding> check_run_non_finite(const RunEvidence& run) {
  const Overflows found = sort_out(run);
  std::vector<RunFinding> findings;
  if (!found.bad.empty()) findings.push_back(bad_steps(run, found.bad));
  if (!found.early.empty()) findings.push_back(early_overflows(run, found.early));
  if (!found.lone.empty()) findings.push_back(lone_overflows(run, found.lone));
  for (RunFinding& finding : findings) finding.finding.rule = RuleId::kNonFinite;
  return findings;
}

}  // namespace gradvitals
