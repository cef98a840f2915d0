// Networks that were compared at their first visit, and then trained: how it went, and whether that
// visit foretold it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "monitor/report/network_report.h"
#include "monitor/report/style.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/trajectory/prediction.h"

namespace gradvitals {

/// One network's training. Losses and scores before and after are of all samples.
struct TrainedNetwork {
  TrajectoryReport run;  ///< Its name is not shown: the network has one.
  double loss_before = 0.0;
  double loss_after = 0.0;
  double score_before = 0.0;  ///< R squared; NaN where the targets do not vary.
  double score_after = 0.0;
  /// Of the batches, as means over equal parts of the steps.
  std::vector<double> losses;
  bool is_too_short = false;                                ///< As is_too_short() has it.
  PredictionOutcome prediction = PredictionOutcome::kOpen;  ///< Of judge_predictions().
};

/// All networks of a comparison, trained in the same way.
struct TrainedComparison {
  std::string optimizer;  ///< "sgd"
  double learning_rate = 0.0;
  std::int64_t batch = 0;  ///< Samples of a step.
  std::int64_t steps = 0;
  /// In the order of the comparison; as many, unless it was interrupted.
  std::vector<TrainedNetwork> networks;
  /// The optimizer that vanishing gradients held up and this one not (contrast_of()); empty for
  /// none.
  std::string got_past;
  /// What ended it before the last step of the last network: "SIGINT"; empty where nothing did.
  std::string interruption{};
};

/// After a blank line: for each way of training a table and a line of story for each network, then how
/// often the first visit's verdict held. The trainings are of the same networks and number of steps, and
/// there is one at least.
std::string trained_comparison_text(std::span<const NetworkReport> networks,
                                    std::span<const TrainedComparison> trainings, TextStyle style);

}  // namespace gradvitals
