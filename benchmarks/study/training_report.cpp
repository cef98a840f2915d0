#include "benchmarks/study/training_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <iterator>

namespace gradvitals::study {
namespace {

constexpr double kMedian = 0.5;
constexpr double kNearlyAll = 0.9;

std::string percent_of(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.1f} %", 100.0 * share);
}

std::string steps_text(std::optional<int> steps) {
  return steps ? std::to_string(*steps) : "-";
}

std::string headline_of(std::span<const WatchedRun> runs) {
  std::string text =
      "| seeds | runs with a fault | healthy runs | event recall | event precision | with symptoms "
      "as wrong | median delay, steps | critical before a fault or in a healthy run |\n"
      "|---|---|---|---|---|---|---|---|\n";
  const std::pair<std::string_view, Half> halves[] = {
      {"10 to 19, that limits were scored on", Half::kScore},
      {"0 to 9, that they were chosen on", Half::kChoose}};
  for (const auto& [title, half] : halves) {
    const TrainingScore score = score_training(runs, half);
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", title, score.runs,
                        score.healthy_runs, percent_of(score.recall()),
                        percent_of(score.precision()), percent_of(score.strict_precision()),
                        steps_text(score.delay(kMedian)), score.false_criticals);
  }
  return text;
}

std::string kind_row(std::string_view name, const TrainingScore& score) {
  const std::string named =
      score.runs > 0 ? fmt::format("{} of {}", score.named(), score.runs) : "-";
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", name, named,
                     steps_text(score.delay(kMedian)), steps_text(score.delay(kNearlyAll)),
                     score.symptoms, score.wrong, score.false_alarms,
                     fmt::join(score.others, ", "));
}

std::string kinds(std::span<const WatchedRun> runs, Half half) {
  std::string text =
      "| from one step on | named | median delay | 90 % within | symptoms | wrong kinds | false "
      "alarms | wrong or false were |\n|---|---|---|---|---|---|---|---|\n";
  for (const TrainingFault& fault : training_faults()) {
    const TrainingScore score = score_training(runs, half, &fault);
    if (score.runs > 0) text += kind_row(fault.name, score);
  }
  return text + kind_row("nothing", score_training(runs, half, nullptr));
}

/// What every network alone comes to, over all faults.
std::string by_network(std::span<const WatchedRun> runs) {
  std::string text =
      "| network | event recall | event precision | false alarms |\n|---|---|---|---|\n";
  for (const WatchedNetwork& network : watched_networks()) {
    TrainingScore score;
    for (const WatchedRun& run : runs) {
      if (run.plan.network == &network && half_of_seed(run.plan.seed) == Half::kScore) {
        score.add(run);
      }
    }
    text += fmt::format("| {} | {} | {} | {} |\n", network.name, percent_of(score.recall()),
                        percent_of(score.precision()), score.false_alarms);
  }
  return text;
}

std::string healthy_table(std::span<const WatchedRun> healthy) {
  std::string text =
      "| network | healthy runs | critical | warnings | score, mean |\n|---|---|---|---|---|\n";
  for (const WatchedNetwork& network : watched_networks()) {
    TrainingScore score;
    double sum = 0.0;
    for (const WatchedRun& run : healthy) {
      if (run.plan.network != &network) continue;
      score.add(run);
      sum += run.score;
    }
    if (score.healthy_runs == 0) continue;
    text += fmt::format("| {} | {} | {} | {} | {:.2f} |\n", network.name, score.healthy_runs,
                        score.false_criticals, score.false_alarms - score.false_criticals,
                        sum / score.healthy_runs);
  }
  return text;
}

std::string_view mark_name(Mark mark) {
  switch (mark) {
    case Mark::kNotCounted:
      return "not counted";
    case Mark::kRight:
      return "right";
    case Mark::kSymptom:
      return "symptom";
    case Mark::kWrong:
      return "wrong";
    case Mark::kFalse:
      return "false";
  }
  return "unknown";
}

nlohmann::json episode_row(const Raised& raised, const RunPlan& plan) {
  const Episode& episode = raised.episode;
  const Finding& finding = episode.finding;
  nlohmann::json row = {{"mark", mark_name(mark_of(raised, plan))},
                        {"rule", rule_number(finding.rule)},
                        {"rule_word", rule_word(finding.rule)},
                        {"verdict", gradvitals::name(finding.verdict)},
                        {"severity", gradvitals::name(finding.severity)},
                        {"tensor", finding.tensor},
                        {"text", finding.text},
                        {"first_step", episode.first_step},
                        {"last_step", episode.last_step},
                        {"peak_step", episode.peak_step},
                        {"count", episode.count},
                        {"is_open", episode.is_open}};
  if (raised.step) row["raised_step"] = *raised.step;
  if (finding.value) row["value"] = *finding.value;
  if (finding.threshold) row["threshold"] = *finding.threshold;
  if (finding.consequence_of) row["consequence_of"] = rule_number(*finding.consequence_of);
  return row;
}

}  // namespace

std::string training_report(std::span<const WatchedRun> runs, std::span<const WatchedRun> healthy) {
  return fmt::format(
      "### All faults together\n\n{}\n### Each fault, scored seeds\n\n{}\n"
      "### Each fault, seeds that limits were chosen on\n\n{}\n### By network, scored seeds\n\n{}\n"
      "### Healthy runs of {} steps\n\n{}",
      headline_of(runs), kinds(runs, Half::kScore), kinds(runs, Half::kChoose), by_network(runs),
      kHealthySteps, healthy_table(healthy));
}

std::string_view fault_name(const RunPlan& plan) {
  return plan.fault != nullptr ? plan.fault->name : "control";
}

nlohmann::json training_row(const WatchedRun& run) {
  nlohmann::json row = {{"kind", fault_name(run.plan)},
                        {"network", run.plan.network->name},
                        {"seed", run.plan.seed},
                        {"steps", run.plan.steps},
                        {"score", run.score},
                        {"half", name(half_of_seed(run.plan.seed))},
                        {"episodes", nlohmann::json::array()}};
  if (const auto step = run.plan.fault_step()) row["fault_step"] = *step;
  for (const Raised& raised : run.episodes) {
    row["episodes"].push_back(episode_row(raised, run.plan));
  }
  return row;
}

}  // namespace gradvitals::study
