// StepWatch: the statistics of a trainer's steps. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "framework/optimizers.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Of a step it observes gradients, weights, the loss, and the squares of the update before; at a
/// check-up all that the tape and the model offer. Makes no strings after the first steps.
class StepWatch {
 public:
  StepWatch(Stream stream, const Sequential& model);

  /// Issues the statistics of the step whose backward pass the tape has just made. `gradients` are
  /// those, in the same order in every step. A check-up waits for the stream, and all metrics of
  /// steps before it must have been taken.
  void observe(const Tape& tape, const Gradients& gradients, const Tensor& loss, std::int64_t step,
               bool is_checkup);

  /// Of all gradients of the step that was observed last, on the device: for a guarded update.
  const TensorStats* global_stats() const;
  /// The same on the host, of the step whose metrics poll() or flush() gave last.
  const TensorStats& received_global_stats() const;

  /// What the step's update changed: shown with the next step.
  void keep(const Updates& updates);
  /// The same by its numbers, (P) float64 in the order of the gradients, as a checkpoint has them.
  void keep(Tensor update_squares) { squares_ = std::move(update_squares); }
  /// No value before the first update.
  const Tensor& update_squares() const { return squares_; }

  /// Metrics in the order of the steps; empty where they have not arrived, or none is left.
  std::optional<HealthMetrics> poll();
  /// The same, but waits.
  std::optional<HealthMetrics> flush();

 private:
  std::vector<TensorView> update_views(const Gradients& gradients) const;
  std::optional<HealthMetrics> received(std::optional<HealthMetrics> light);
  void watch_light(const Tape& tape);
  void observe_light(const Tape& tape, const Gradients& gradients, const Tensor& loss);

  const Sequential& model_;
  GradientMonitor light_;
  GradientMonitor thorough_;
  bool was_checkup_ = false;           ///< The step observed last.
  bool has_received_checkup_ = false;  ///< The step received last was one.
  std::optional<HealthMetrics> checkup_;
  Tensor squares_;
  std::vector<const void*> data_;  ///< Of what light_ watches: gradients, loss, weights.
  std::vector<const void*> weights_;
};

}  // namespace gradvitals
