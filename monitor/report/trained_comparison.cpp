#include "monitor/report/trained_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/aligned_table.h"
#include "monitor/report/number_text.h"
#include "monitor/report/sparkline.h"

namespace gradvitals {
namespace {

/// Causes that one line of story names.
constexpr std::size_t kMostCausesTold = 3;

/// One network, and what it is told beside.
struct Trained {
  const NetworkReport& report;
  const TrainedNetwork& network;
  const NetworkReport& best;  ///< The one that learnt most.
  double best_learnt;
  const TrainedComparison& training;
};

std::string percent_text(double share) {
  const double percent = 100.0 * share;
  return percent >= 99.95 && share < 1.0 ? "over 99.9 %" : fmt::format("{:.1f} %", percent);
}

std::string learnt_text(double score) {
  return std::isnan(score) ? "-" : percent_text(learnt_share(score));
}

/// "the loss fell by 99.6 %, from 0.0797 to 0.000344"
std::string loss_story(const TrainedNetwork& network) {
  const double before = network.loss_before;
  const double after = network.loss_after;
  const std::string first = three_digits(before);
  const std::string last = three_digits(after);
  if (!std::isfinite(before) || !std::isfinite(after)) {
    return fmt::format("the loss went from {} to {}", first, last);
  }
  if (first == last) return fmt::format("the loss stayed at {}", first);
  if (after > before) return fmt::format("the loss rose from {} to {}", first, last);
  return fmt::format("the loss fell by {}, from {} to {}", percent_text(1.0 - after / before),
                     first, last);
}

std::vector<const Episode*> serious_episodes(const TrajectoryReport& run, bool explained) {
  std::vector<const Episode*> episodes;
  for (const Episode& episode : run.episodes) {
    if (episode.finding.severity < Severity::kWarning) continue;
    if (episode.finding.consequence_of.has_value() == explained) episodes.push_back(&episode);
  }
  return episodes;
}

std::string episode_story(const Episode& episode) {
  const std::string when =
      episode.is_open ? fmt::format("from step {} to the end", episode.first_step)
      : episode.first_step == episode.last_step
          ? fmt::format("at step {}", episode.first_step)
          : fmt::format("from step {} to {}", episode.first_step, episode.last_step);
  return fmt::format("{} ({}) {}", name(episode.finding.verdict), rule_number(episode.finding.rule),
                     when);
}

/// "vanishing (R2) from step 0 to 10, healthy at the end"
std::string health_story(const TrainedNetwork& network) {
  const TrajectoryReport& run = network.run;
  std::vector<const Episode*> told = serious_episodes(run, false);
  std::vector<const Episode*> explained = serious_episodes(run, true);
  if (told.empty()) std::swap(told, explained);
  if (told.empty()) return network.is_too_short ? "too few steps to judge" : "healthy throughout";
  std::string text;
  for (std::size_t i = 0; i < std::min(told.size(), kMostCausesTold); ++i) {
    text += (i > 0 ? ", " : "") + episode_story(*told[i]);
  }
  if (told.size() > kMostCausesTold) {
    text += fmt::format(", and {} more", told.size() - kMostCausesTold);
  }
  if (const auto count = static_cast<std::int64_t>(explained.size()); count > 0) {
    text += fmt::format(" with {} {}", count, plural(count, "consequence", "consequences"));
  }
  if (run.verdict == Verdict::kHealthy) text += ", healthy at the end";
  return text;
}

std::string outcome_phrase(PredictionOutcome outcome) {
  switch (outcome) {
    case PredictionOutcome::kHeld:
      return "held";
    case PredictionOutcome::kFailed:
      return "did not hold";
    case PredictionOutcome::kOpen:
      break;
  }
  return "cannot be told";
}

/// What the outcome follows from.
std::string reason_phrase(const Trained& trained) {
  const double score = trained.network.score_after;
  if (!std::isfinite(trained.network.loss_after)) return "its loss is not finite";
  if (std::isnan(score)) return "there was nothing to learn, the targets do not vary";
  if (!trained.training.interruption.empty()) return "the trainings were interrupted";
  if (trained.network.prediction == PredictionOutcome::kOpen) {
    return fmt::format("no network learnt as much as {:.0f} %", 100.0 * kLeastLearnt);
  }
  const std::string learnt = percent_text(learnt_share(score));
  if (&trained.report == &trained.best) return fmt::format("it learnt most, {}", learnt);
  return fmt::format("it learnt {}, {} {}", learnt, printable(trained.best.title()),
                     percent_text(trained.best_learnt));
}

std::string story(const Trained& trained) {
  return fmt::format("{}: {}; {}. Predicted {}: {}, {}.\n", printable(trained.report.name),
                     loss_story(trained.network), health_story(trained.network),
                     name(trained.report.diagnosis.verdict),
                     outcome_phrase(trained.network.prediction), reason_phrase(trained));
}

SparkRange range_of(const TrainedComparison& training) {
  SparkRange range;
  for (const TrainedNetwork& network : training.networks) widen(range, network.losses);
  return range;
}

std::string training_table(std::span<const NetworkReport> networks,
                           const TrainedComparison& training, TextStyle style) {
  const SparkRange range = range_of(training);
  std::vector<TableRow> rows = {{"Network", "First Visit", "First Loss", "Last Loss", "Learnt",
                                 "Loss over the Steps", "At the End", "Prediction"}};
  for (std::size_t i = 0; i < training.networks.size(); ++i) {
    const TrainedNetwork& network = training.networks[i];
    rows.push_back({printable(networks[i].title()),
                    std::string(name(networks[i].diagnosis.verdict)),
                    three_digits(network.loss_before), three_digits(network.loss_after),
                    learnt_text(network.score_after), sparkline(network.losses, range, style),
                    network.is_too_short ? "-" : std::string(name(network.run.verdict)),
                    outcome_phrase(network.prediction)});
  }
  constexpr std::array<std::string_view, 4> kSpare = {"First Loss", "First Visit", "At the End",
                                                      "Loss over the Steps"};
  return aligned_table(rows, style, kSpare);
}

std::size_t best_of(const TrainedComparison& training) {
  const auto best = std::ranges::max_element(
      training.networks, {}, [](const auto& network) { return learnt_share(network.score_after); });
  return static_cast<std::size_t>(best - training.networks.begin());
}

std::string training_part(std::span<const NetworkReport> networks,
                          const TrainedComparison& training, TextStyle style) {
  std::string stories;
  const std::size_t best = best_of(training);
  for (std::size_t i = 0; i < training.networks.size(); ++i) {
    stories += story({.report = networks[i],
                      .network = training.networks.at(i),
                      .best = networks[best],
                      .best_learnt = learnt_share(training.networks.at(best).score_after),
                      .training = training});
  }
  if (!training.interruption.empty()) {
    stories += fmt::format("{}: Ended by {} at step {} of {}, {} of {} networks.\n",
                           marker(Severity::kInfo), training.interruption,
                           training.networks.back().run.steps, training.steps,
                           training.networks.size(), networks.size());
  }
  return fmt::format("\nWith {}, learning rate {}:\n", training.optimizer, training.learning_rate) +
         training_table(networks, training, style) + decorate(stories, style);
}

/// Each training whose prediction ended so, as "Sigmoid with adam".
std::vector<std::string> trainings_where(std::span<const NetworkReport> networks,
                                         std::span<const TrainedComparison> trainings,
                                         PredictionOutcome outcome) {
  std::vector<std::string> names;
  for (const TrainedComparison& training : trainings) {
    for (std::size_t i = 0; i < training.networks.size(); ++i) {
      if (training.networks[i].prediction != outcome) continue;
      names.push_back(
          fmt::format("{} with {}", printable(networks[i].title()), training.optimizer));
    }
  }
  return names;
}

std::string prediction_conclusion(std::span<const NetworkReport> networks,
                                  std::span<const TrainedComparison> trainings) {
  const auto open = trainings_where(networks, trainings, PredictionOutcome::kOpen);
  std::size_t count = 0;
  for (const TrainedComparison& training : trainings) count += training.networks.size();
  if (open.size() == count) {
    return "🎯 No training tells whether the first visit's verdict held.\n";
  }
  const std::size_t held = trainings_where(networks, trainings, PredictionOutcome::kHeld).size();
  std::string text =
      fmt::format("🎯 The first visit's verdict held in {} of {} trainings", held, count);
  const auto failed = trainings_where(networks, trainings, PredictionOutcome::kFailed);
  if (!failed.empty()) text += fmt::format("; it did not for {}", list_names(failed));
  if (!open.empty()) text += fmt::format("; it cannot be told for {}", list_names(open));
  return text + ".\n";
}

/// Where vanishing gradients held one optimizer up and not another: why.
std::string vanishing_conclusion(std::span<const TrainedComparison> trainings) {
  const auto fast = std::ranges::find_if(
      trainings, [](const TrainedComparison& training) { return !training.got_past.empty(); });
  if (fast == trainings.end()) return "";
  return fmt::format(
      "Vanishing gradients hold up {}, whose steps are as small as they are; {} divides each step "
      "by the size of its gradients.\n",
      fast->got_past, fast->optimizer);
}

}  // namespace

std::string trained_comparison_text(std::span<const NetworkReport> networks,
                                    std::span<const TrainedComparison> trainings, TextStyle style) {
  std::string text = decorate(
      fmt::format(
          "\n📊 TRAINED {} {}\n{:=<50}\n"
          "Steps of {} {}, each one checked. Learnt: the share of the targets' variance that "
          "is explained at the end (R2).\nHealthy holds where a network learnt at least {:.0f} "
          "% of what the best one did, any other verdict where it did not.\n"
          "Losses are drawn on a logarithmic scale, the same for all networks of a table.\n",
          trainings.front().steps, plural(trainings.front().steps, "STEP", "STEPS"), "",
          trainings.front().batch, plural(trainings.front().batch, "sample", "samples"),
          100.0 * kTrainedShare),
      style);
  for (const TrainedComparison& training : trainings) {
    text += training_part(networks, training, style);
  }
  return text + decorate('\n' + prediction_conclusion(networks, trainings) +
                             vanishing_conclusion(trainings),
                         style);
}

}  // namespace gradvitals
