// Trials: a network trained by several optimizers, with what the monitor saw on the way.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "benchmarks/study/network.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals::study {

inline constexpr std::int64_t kBatch = 100;
inline constexpr int kTruthSteps = 300;

enum class Method : std::uint8_t { kAdam, kSgd };

struct Training {
  Method method = Method::kAdam;
  double learning_rate = 1e-3;

  std::string text() const;  ///< "adam 0.001"
  bool operator==(const Training&) const = default;
};

/// Those that decide the truth, and one for information.
inline constexpr Training kAdam{Method::kAdam, 1e-3};
inline constexpr Training kSgdLarge{Method::kSgd, 0.3};
inline constexpr Training kSgd{Method::kSgd, 0.03};
inline constexpr Training kSgdSmall{Method::kSgd, 0.003};

struct Snapshot {
  int step = 0;
  HealthMetrics metrics;
};

struct Run {
  Training training;
  /// The best of those measured every 50 steps, so that overfitting takes nothing away; 0 where the
  /// loss left the finite numbers.
  double score = 0.0;
  std::vector<Snapshot> snapshots{};
};

struct Trial {
  NetworkSpec spec;
  HealthMetrics at_start;
  std::vector<Run> runs;

  /// Throws std::logic_error where the training was none of the runs.
  const Run& run_of(const Training& training) const;
  double score_of(const Training& training) const { return run_of(training).score; }
  double best_sgd_score() const;
};

/// Metrics of a network on the first kBatch training samples.
HealthMetrics examine(Stream& stream, const Sequential& model, const Task& task);

/// Trains a fresh network of the spec for `steps` and examines it at each of `snapshot_steps` that
/// is reached with a finite loss.
Run train(Stream& stream, const NetworkSpec& spec, const Task& task, const Training& training,
          int steps, std::span<const int> snapshot_steps);

/// The examination at the start and the four trainings of kTruthSteps (without kSgdSmall at width
/// 256, where time is short).
Trial run_trial(Stream& stream, const NetworkSpec& spec, const Task& task);

}  // namespace gradvitals::study
