// R14: the norm of all gradients together against that of the steps before it.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <set>
#include <utility>

#include "monitor/metrics/phrases.h"
#include "monitor/rules/rule.h"
#include "monitor/rules/run_checks.h"

namespace gradvitals {
namespace {

/// The median of everything added so far, in O(log n) a value.
class RunningMedian {
 public:
  void add(double value) {
    if (low_.empty() || value <= low_.top()) {
      low_.push(value);
    } else {
      high_.push(value);
    }
    if (low_.size() > high_.size() + 1) {
      high_.push(low_.top());
      low_.pop();
    } else if (high_.size() > low_.size()) {
      low_.push(high_.top());
      high_.pop();
    }
  }
  std::int64_t count() const { return static_cast<std::int64_t>(low_.size() + high_.size()); }
  /// Of an even count the lower one of the two in the middle. count() > 0.
  double value() const { return low_.top(); }

 private:
  std::priority_queue<double> low_;
  std::priority_queue<double, std::vector<double>, std::greater<>> high_;
};

/// The first step that shares no gradient with the finite one before it: it is of another network.
/// Empty where all are of one.
std::optional<std::size_t> stranger(const RunEvidence& run) {
  std::vector<std::string> before;
  for (const std::size_t place : run.finite) {
    std::vector<std::string> names = gradient_names_of(*run.steps[place].metrics);
    if (!before.empty() && !names.empty() && names != before) {
      const std::set<std::string_view> known(before.begin(), before.end());
      const auto is_known = [&known](const std::string& name) { return known.contains(name); };
      if (std::ranges::none_of(names, is_known)) return place;
    }
    before = std::move(names);
  }
  return std::nullopt;
}

/// A step whose norm lies far from those before it.
struct Outlier {
  std::size_t position;  ///< in RunEvidence::finite
  double ratio;          ///< to the median before
};

struct Outliers {
  std::vector<Outlier> high;
  std::vector<Outlier> low;  ///< Only those that end the run.
  /// The median loss of the steps that are no outliers.
  std::optional<double> usual_loss;
};

/// Outliers do not enter what later steps are compared with: a level that lasts stays one.
Outliers find_outliers(const RunEvidence& run) {
  Outliers found;
  RunningMedian norms, losses;
  for (std::size_t position = 0; position < run.finite.size(); ++position) {
    const HealthMetrics& metrics = *run.steps[run.finite[position]].metrics;
    const double norm = global_norm(metrics);
    if (!(norm > 0.0)) continue;  // Zeros are R13's.
    const bool is_known = norms.count() >= run.thresholds.min_norm_history;
    const double ratio = is_known ? norm / norms.value() : 1.0;
    if (ratio > run.thresholds.norm_growth.warning) {
      found.high.push_back({position, ratio});
      found.low.clear();
      continue;
    }
    if (ratio < run.thresholds.norm_collapse) {
      found.low.push_back({position, ratio});
      continue;
    }
    found.low.clear();
    norms.add(norm);
    if (metrics.loss) losses.add(*metrics.loss);
  }
  if (losses.count() > 0) found.usual_loss = losses.value();
  return found;
}

RunFinding growth_finding(const RunEvidence& run, const std::vector<Outlier>& high) {
  const Limits limits = run.thresholds.norm_growth;
  const Outlier& worst = *std::ranges::max_element(high, {}, &Outlier::ratio);
  const Outlier& first = high.front();
  const bool lasts = high.back().position + 1 == run.finite.size();
  const std::size_t place = run.finite[first.position];
  Finding finding;
  finding.severity = severity_above(worst.ratio, limits);
  finding.verdict = lasts ? Verdict::kExploding : Verdict::kUnstable;
  finding.value = worst.ratio;
  finding.threshold = limit_of(limits, finding.severity);
  finding.text =
      fmt::format("The norm of all gradients jumps at {} to {} the median of the steps before",
                  run.steps[place].label, times(first.ratio));
  if (&worst != &first) {
    finding.text += fmt::format(", and at {} to {}", run.steps[run.finite[worst.position]].label,
                                times(worst.ratio));
  }
  finding.text += lasts ? "." : "; it comes back.";
  finding.advice = {"Lower the learning rate, or clip gradients by their norm",
                    "Look at the batch of this step: a target or an input without scale"};
  return finding_at(run, place, std::ssize(high), std::move(finding));
}

/// Whether the loss says that the norm is small because there is nothing left to learn.
bool has_converged(const RunEvidence& run, const Outliers& found) {
  const std::optional<double>& loss = run.steps[run.finite.back()].metrics->loss;
  return loss && found.usual_loss && *loss < run.thresholds.converged_loss * *found.usual_loss;
}

RunFinding collapse_finding(const RunEvidence& run, const Outliers& found) {
  const Outlier& first = found.low.front();
  const std::size_t place = run.finite[first.position];
  const bool converged = has_converged(run, found);
  Finding finding;
  finding.severity = converged ? Severity::kInfo : Severity::kWarning;
  finding.verdict = Verdict::kVanishing;
  finding.value = found.low.back().ratio;
  finding.threshold = run.thresholds.norm_collapse;
  finding.text = fmt::format(
      "The norm of all gradients falls at {} to {:.1e} of the median of the steps before, and "
      "stays "
      "there{}.",
      run.steps[place].label, first.ratio,
      converged ? ", as the loss does: training has converged" : "");
  if (!converged) {
    finding.advice = {"Look at the loss: where it is as low as it can be, nothing is wrong",
                      "Else look for units that saturated or died at this step"};
  }
  return finding_at(run, place, std::ssize(found.low), std::move(finding));
}

RunFinding strangers_finding(const RunEvidence& run, std::size_t place) {
  Finding finding;
  finding.severity = Severity::kInfo;
  finding.text = fmt::format(
      "{} shares no gradient with the step before it: norms are not compared from step to step.",
      run.steps[place].label);
  finding.advice = {"Give the steps of one network at a time"};
  return finding_at(run, place, 1, std::move(finding));
}

}  // namespace

std::vector<RunFinding> check_run_growth(const RunEvidence& run) {
  std::vector<RunFinding> findings;
  if (const std::optional<std::size_t> place = stranger(run)) {
    findings.push_back(strangers_finding(run, *place));
  } else {
    const Outliers found = find_outliers(run);
    if (!found.high.empty()) findings.push_back(growth_finding(run, found.high));
    if (found.low.size() > 1) findings.push_back(collapse_finding(run, found));
  }
  for (RunFinding& finding : findings) finding.finding.rule = RuleId::kNormChange;
  return findings;
}

}  // namespace gradvitals
