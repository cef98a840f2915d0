// R16 and R17: a loss that does not fall, and one that blows up.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "monitor/metrics/phrases.h"
#include "monitor/rules/rule.h"
#include "monitor/trajectory/trajectory_rule.h"

namespace gradvitals {
namespace {

/// What a loss counts as a multiple of: the median before, but not less than a part of what it
/// began with, or a loss near zero would blow up by noise. 0 where there is nothing to compare with.
double reference_loss(const TrajectoryEvidence& evidence, std::optional<double> recent) {
  const std::optional<double> first = evidence.memory.first_loss();
  if (!first || !(*first > 0.0)) return 0.0;
  const std::optional<Deviation> deviation = evidence.memory.loss_deviation(recent);
  if (!deviation) return *first;  // Too early for more.
  return std::max(deviation->median, evidence.thresholds.converged_loss * *first);
}

/// Of one batch, beside the start: no outlier among samples makes so much of it.
constexpr double kGrowthAtOnce = 100.0;

Finding growth_finding(double growth, Severity severity, const Thresholds& thresholds,
                       std::string text) {
  Finding finding;
  finding.severity = severity;
  finding.verdict = Verdict::kExploding;
  finding.value = growth;
  finding.threshold = limit_of(thresholds.loss_growth, severity);
  finding.text = std::move(text);
  finding.advice = {"Lower the learning rate, and train from before this step again",
                    "Check that data and labels are still the right ones",
                    "Clip gradients by their norm"};
  return finding;
}

}  // namespace

std::vector<Finding> check_loss_growth(const TrajectoryEvidence& evidence) {
  const TrajectoryMemory& memory = evidence.memory;
  const std::optional<double> recent = memory.recent_loss(evidence.step);
  const double reference = reference_loss(evidence, recent);
  if (!recent || !(reference > 0.0)) return {};
  const double first = *memory.first_loss(), loss = *evidence.step.loss;
  if (loss > kGrowthAtOnce * first) {
    return {growth_finding(loss / first, Severity::kCritical, evidence.thresholds,
                           fmt::format("The loss is {:.3g}, {} what it was at the start, {:.3g}.",
                                       loss, times(loss / first), first))};
  }
  const bool is_known = memory.loss_deviation(recent).has_value();
  if (is_known && !memory.is_loss_outlier(recent)) return {};
  const double growth = *recent / reference;
  Severity severity = severity_above(growth, evidence.thresholds.loss_growth);
  // Early losses vary; and what is no worse than untrained can be learnt again.
  if (!is_known && severity == Severity::kWarning) return {};
  if (severity == Severity::kCritical && *recent <= first) severity = Severity::kWarning;
  if (severity == Severity::kOk) return {};
  return {growth_finding(
      growth, severity, evidence.thresholds,
      fmt::format(
          "The median of the last three losses is {:.3g}, {} {}, {:.3g}; this one is {:.3g}.",
          *recent, times(growth),
          is_known ? "that of before (or a tenth of the start, if more)" : "the start", reference,
          loss))};
}

std::vector<Finding> check_loss_not_decreasing(const TrajectoryEvidence& evidence) {
  const std::optional<double> gained = evidence.memory.loss_improvement_since_start();
  if (!gained || !evidence.step.loss) return {};
  if (*gained >= evidence.thresholds.stall_improvement) return {};
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.verdict = Verdict::kStalled;
  finding.value = *gained;
  finding.threshold = evidence.thresholds.stall_improvement;
  finding.text =
      fmt::format("The loss has not fallen since the start: it was {:.3g}, and is {:.3g}.",
                  *evidence.memory.first_loss(), *evidence.step.loss);
  finding.advice = {"Try a larger learning rate, or a smaller one where the loss jumps about",
                    "Check that inputs and targets belong together",
                    "Train on ten samples: a network that cannot learn those has a fault"};
  return {finding};
}

}  // namespace gradvitals
