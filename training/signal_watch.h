// SignalWatch: the signals of a trainer's steps that take two gradients. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/parameter.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "kernels/ops/loss.h"
#include "kernels/runtime/buffer.h"
#include "kernels/stats/tensor_dots.h"
#include "monitor/metrics/gradient_signals.h"
#include "training/trainer.h"

namespace gradvitals {

/// Steps are observed one after the other, and may be asked for kMostUnread steps later: nothing
/// waits for the device but measure_noise().
class SignalWatch {
 public:
  static constexpr std::size_t kMostUnread = GradientMonitor::kMostPending;

  /// What is referred to must outlive it.
  SignalWatch(Stream stream, Sequential& model, std::span<Parameter* const> parameters,
              const TrainerOptions& options);

  /// Measures a step by its gradients, which it keeps for the next one.
  void observe(const Gradients& gradients, std::int64_t step);
  /// Differentiates the halves of the step's batch, row-major, each by itself, and waits for the
  /// result. Model and layer counts are afterwards as they were. To be called before observe() of
  /// the step; a step that is made anew is not measured twice.
  void measure_noise(std::span<const float> x, std::span<const float> y, std::int64_t step);

  /// Of a step that was observed, and is one of the last kMostUnread, once work that was issued to
  /// the stream behind it has finished.
  GradientSignals of_step(std::int64_t step) const;

  /// The next step has no step before it.
  void forget_gradients() { previous_.clear(); }
  /// Forgets averages as well.
  void forget();

 private:
  /// A step on its way to the host.
  struct Unread {
    HostBuffer dots;
    bool has_dots = false;
    std::optional<double> noise_scale;
  };

  Gradients gradients_of_half(std::span<const float> x, std::span<const float> y,
                              std::uint64_t layer_count);
  /// Leaves the records of the pairs in dots_.
  void measure(const Gradients& x, const Gradients& y);

  Stream stream_;
  Sequential& model_;
  std::span<Parameter* const> parameters_;
  LossKind loss_;
  TrainingSignals signals_;
  Tape tape_;     ///< Of halves.
  Tensor x_, y_;  ///< A half, on the device.
  Gradients previous_;
  NoiseScale noise_;
  std::optional<std::int64_t> noise_step_;  ///< The last one measured.
  std::vector<TensorPair> pairs_;
  Buffer dots_;
  Buffer workspace_;
  std::vector<Unread> unread_;
};

}  // namespace gradvitals
