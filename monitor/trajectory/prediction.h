// Whether the verdict of a network's first visit foretold how it would train.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "monitor/metrics/thresholds.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// How the training of one network ended. No rule of the monitor decides it: what a verdict is held
/// against must not be another verdict.
struct TrainedOutcome {
  Verdict first_verdict = Verdict::kHealthy;  ///< Of the network before its first update.
  double loss = 0.0;                          ///< On the training's samples, after it.
  double score = 0.0;  ///< R squared on them: the share of the targets' variance that is explained.
};

enum class PredictionOutcome : std::uint8_t {
  kHeld,
  kFailed,
  kOpen,  ///< The training does not tell.
};

/// "held", "failed" or "open".
std::string_view name(PredictionOutcome outcome);

/// What a network has learnt of what there is to learn, from 0 to 1: its score. 0 where that is
/// negative, a constant being better, or none.
double learnt_share(double score);

/// A network has trained if it learnt at least this part of what the best one did. Of 240 trainings of the
/// notebook's networks all but one (0.31) learnt less than 0.16 or more than 0.88 of it
/// (docs/training-watch.md).
inline constexpr double kTrainedShare = 0.5;
/// Where the best network has learnt less, nothing follows from a comparison with it.
inline constexpr double kLeastLearnt = 0.1;

/// One for each of the networks, all trained alike and on the same samples. Healthy held where the
/// network has trained, and any other verdict where it has not: it learnt less than kTrainedShare of
/// what the best one did, or its loss is not finite. Open where the loss is finite and the best one
/// learnt less than kLeastLearnt. Pure.
std::vector<PredictionOutcome> judge_predictions(std::span<const TrainedOutcome> networks);

/// One way of training the networks of a comparison, all of them alike.
struct TrainedWay {
  bool divides_by_size = false;  ///< Each step by the size of its gradients, as adam does.
  std::vector<PredictionOutcome> outcomes;  ///< In the order of the networks.
};

/// Places of two ways: vanishing gradients held the one up and not the other.
struct VanishingContrast {
  std::size_t held_up = 0;
  std::size_t got_past = 0;
};

/// Of the first network whose verdict was vanishing and held where steps are as small as gradients
/// are, and failed where steps are divided by their size; empty where there is none. Each way has
/// an outcome for each verdict. Pure.
std::optional<VanishingContrast> contrast_of(std::span<const Verdict> first_verdicts,
                                             std::span<const TrainedWay> ways);

/// So few steps that no rule which needs patience can have raised anything, and no other has:
/// "healthy" says nothing then.
bool is_too_short(std::int64_t steps, Verdict verdict_at_end, const Thresholds& thresholds);

}  // namespace gradvitals
