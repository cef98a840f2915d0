// StepContext: what is known of a training step beside the metrics of its tensors.
#pragma once

#include <optional>

namespace gradvitals {

struct StepContext {
  std::optional<double> learning_rate{};  ///< Of this step's update.
  double clip_scale = 1.0;                ///< What its gradients were multiplied by.
  bool is_skipped = false;                ///< Its update was not applied.
  /// The metrics hold all that the rules of one visit judge (diagnose()), not gradients and
  /// weights alone.
  bool is_checkup = false;
  // Where asked for (gradient_signals.h):
  std::optional<double> gradient_cosine{};  ///< GradientSignals::cosine
  std::optional<double> noise_scale{};      ///< GradientSignals::noise_scale
};

}  // namespace gradvitals
