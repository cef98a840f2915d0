#include "monitor/trajectory/prediction.h"

#include <algorithm>
#include <cmath>

namespace gradvitals {

std::string_view name(PredictionOutcome outcome) {
  switch (outcome) {
    case PredictionOutcome::kHeld:
      return "held";
    case PredictionOutcome::kFailed:
      return "failed";
    case PredictionOutcome::kOpen:
      break;
  }
  return "open";
}

double learnt_share(double score) {
  return std::isnan(score) ? 0.0 : std::clamp(score, 0.0, 1.0);
}

std::vector<PredictionOutcome> judge_predictions(std::span<const TrainedOutcome> networks) {
  double best = 0.0;
  for (const TrainedOutcome& network : networks) {
    best = std::max(best, learnt_share(network.score));
  }
  std::vector<PredictionOutcome> outcomes;
  for (const TrainedOutcome& network : networks) {
    const bool is_finite = std::isfinite(network.loss);
    if (is_finite && best < kLeastLearnt) {
      outcomes.push_back(PredictionOutcome::kOpen);
      continue;
    }
    const bool trained = is_finite && learnt_share(network.score) >= kTrainedShare * best;
    const bool foretold = network.first_verdict == Verdict::kHealthy;
    outcomes.push_back(trained == foretold ? PredictionOutcome::kHeld : PredictionOutcome::kFailed);
  }
  return outcomes;
}

std::optional<VanishingContrast> contrast_of(std::span<const Verdict> first_verdicts,
                                             std::span<const TrainedWay> ways) {
  for (std::size_t network = 0; network < first_verdicts.size(); ++network) {
    if (first_verdicts[network] != Verdict::kVanishing) continue;
    std::optional<std::size_t> held_up, got_past;
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const PredictionOutcome outcome = ways[i].outcomes.at(network);
      if (!ways[i].divides_by_size && outcome == PredictionOutcome::kHeld) held_up = i;
      if (ways[i].divides_by_size && outcome == PredictionOutcome::kFailed) got_past = i;
    }
    if (held_up && got_past) return VanishingContrast{*held_up, *got_past};
  }
  return std::nullopt;
}

bool is_too_short(std::int64_t steps, Verdict verdict_at_end, const Thresholds& thresholds) {
  return steps < thresholds.patience && verdict_at_end == Verdict::kHealthy;
}

}  // namespace gradvitals
