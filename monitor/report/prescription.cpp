#include "monitor/report/prescription.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/aligned_table.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

std::string change_text(const std::string& before, const std::string& after) {
  return before == after ? after : fmt::format("{} -> {}", before, after);
}

std::string loss_text(double loss) {
  return std::isfinite(loss) ? three_digits(loss) : "not finite";
}

std::string loss_change(const Trial& trial) {
  return fmt::format("{} -> {}", loss_text(trial.before.loss), loss_text(trial.after.loss));
}

std::string known_number(const std::optional<double>& value) {
  return value ? fmt::format("{:.2g}", *value) : "n/a";
}

std::string trial_score_text(double score, std::string_view score_name) {
  if (!std::isfinite(score)) return "n/a";
  return score_text(score_name, score);
}

std::string verdict_change(const Trial& trial) {
  return change_text(std::string(name(trial.before.verdict)),
                     std::string(name(trial.after.verdict)));
}

TableRow trial_row(const Trial& trial, const PrescriptionReport& report) {
  return {printable(title(trial)),
          loss_change(trial),
          trial_score_text(trial.after.score, report.score_name),
          change_text(known_number(trial.before.backward_factor),
                      known_number(trial.after.backward_factor)),
          change_text(known_number(trial.before.gradient_spread),
                      known_number(trial.after.gradient_spread)),
          verdict_change(trial),
          trial.trains ? "yes" : "no"};
}

const Trial* trial_as_it_is(const PrescriptionReport& report) {
  const auto found = std::ranges::find_if(
      report.trials, [](const Trial& trial) { return trial.remedies.empty(); });
  return found == report.trials.end() ? nullptr : &*found;
}

/// What the best trial is compared with.
std::string comparison_text(const PrescriptionReport& report) {
  const Trial* const as_it_is = trial_as_it_is(report);
  if (as_it_is == nullptr || as_it_is == &report.trials.front()) return "";
  return fmt::format(" where as it is {}", loss_change(*as_it_is));
}

std::string best_trial_sentence(const PrescriptionReport& report) {
  const Trial& best = report.trials.front();
  const std::string best_text = fmt::format("{}: loss {}{}", printable(title(best)),
                                            loss_change(best), comparison_text(report));
  switch (report.outcome) {
    case PrescriptionOutcome::kHelps:
      return fmt::format("✅ GOOD: Best: {}\n", best_text);
    case PrescriptionOutcome::kNothingBetter:
      return fmt::format(
          "{}: Nothing that was tried is clearly better than the network as it is. "
          "Best: {}\n",
          marker(Severity::kInfo), best_text);
    case PrescriptionOutcome::kNothingTrains:
      break;
  }
  if (!report.is_complete) {
    return fmt::format("{}: So far nothing trains in {}. Best: {}\n", marker(Severity::kInfo),
                       steps_text(report.steps), best_text);
  }
  return fmt::format("{}: Nothing that was tried trains in {}. Best: {}\n",
                     marker(Severity::kWarning), steps_text(report.steps), best_text);
}

/// What no remedy changed, or a trial says itself.
std::string unchanged_text(const PrescriptionReport& report) {
  constexpr std::array kSaidByTrials = {"network", "data", "loss", "learning rate"};
  std::string text;
  for (const auto& [key, value] : report.settings) {
    if (std::ranges::find(kSaidByTrials, key) != kSaidByTrials.end()) continue;
    text += fmt::format("{} {}, ", key, printable(value));
  }
  return text + steps_text(report.steps);
}

/// How to have what helps.
std::string recipe_text(const PrescriptionReport& report, TextStyle style) {
  const Trial& trial = report.trials.front();
  std::string text = fmt::format("   network {}, loss {}, learning rate {}\n", trial.network,
                                 trial.loss, trial.learning_rate);
  for (const std::string& change : trial.changes) text += fmt::format("   {}\n", change);
  text += fmt::format("   all else as it was: {}\n", unchanged_text(report));
  text = decorate(text, style);
  // To be pasted: neither broken nor in other letters.
  if (!trial.command.empty()) text += fmt::format("   {}\n", printable(trial.command));
  if (trial.after.severity >= Severity::kWarning) {
    text +=
        decorate(fmt::format("   at the end it is judged {} ({}): train longer, and look again\n",
                             name(trial.after.verdict), name(trial.after.severity)),
                 style);
  }
  return text;
}

}  // namespace

std::string_view name(PrescriptionOutcome outcome) {
  switch (outcome) {
    case PrescriptionOutcome::kHelps:
      return "helps";
    case PrescriptionOutcome::kNothingBetter:
      return "nothing_better";
    case PrescriptionOutcome::kNothingTrains:
      break;
  }
  return "nothing_trains";
}

std::string title(const Trial& trial) {
  if (trial.remedies.empty()) return "as it is";
  return fmt::format("{}", fmt::join(trial.remedies, " + "));
}

std::string summary(const Trial& trial) {
  const std::string loss =
      fmt::format("loss {} -> {}", loss_text(trial.before.loss), loss_text(trial.after.loss));
  if (trial.before.verdict == trial.after.verdict) {
    return fmt::format("{}, {}", loss, name(trial.after.verdict));
  }
  return fmt::format("{}, {} -> {}", loss, name(trial.before.verdict), name(trial.after.verdict));
}

std::string prescription_text(const PrescriptionReport& report, TextStyle style) {
  if (report.trials.empty()) {
    return decorate(
        fmt::format("🩺 PRESCRIPTION: {}\n{}: Ended by {} before the first trial had "
                    "ended: nothing can be said\n",
                    printable(report.name), marker(Severity::kInfo), report.interruption),
        style);
  }
  std::vector<TableRow> rows = {
      {"Remedy", "Loss", report.score_name, "B", "S", "Verdict", "Trains"}};
  const std::array<std::string_view, 5> spare = {"S", "B", report.score_name, "Trains", "Verdict"};
  for (const Trial& trial : report.trials) rows.push_back(trial_row(trial, report));
  std::string text = fmt::format("🩺 PRESCRIPTION: {}\n", printable(report.name));
  text += fmt::format("{} each; loss: {} of {} {}\n", steps_text(report.steps), report.loss,
                      report.judged_samples,
                      report.is_held_out ? "samples held out" : "samples that were trained on");
  text += fmt::format("trains: at a loss of {} or less; the best constant prediction has {}\n",
                      loss_text(report.trains_below), loss_text(report.constant_loss));
  if (!report.is_complete) {
    text += fmt::format("{}: Ended by {} after {} {}: remedies were left untried\n",
                        marker(Severity::kInfo), report.interruption, report.trials.size(),
                        plural(std::ssize(report.trials), "trial", "trials"));
  }
  text = decorate(text, style) + aligned_table(rows, style, spare);
  text += decorate(best_trial_sentence(report), style);
  if (report.outcome == PrescriptionOutcome::kHelps) text += recipe_text(report, style);
  return text;
}

}  // namespace gradvitals
