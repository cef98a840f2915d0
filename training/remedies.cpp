#include "training/remedies.h"

#include <array>

#include "training/remedy_functions.h"

namespace gradvitals {

std::span<const Remedy> remedies() {
  static constexpr std::array kRemedies = {
      Remedy{"relu with He values", RemedyKind::kActivation, use_relu},
      Remedy{"gelu with He values", RemedyKind::kActivation, use_gelu},
      Remedy{"LayerNorm", RemedyKind::kLayerNorm, normalize_layers},
      Remedy{"residual connections", RemedyKind::kResidual, connect_residually},
      Remedy{"He and Glorot values", RemedyKind::kInitialValues, initialize_by_fans},
      Remedy{"linear head", RemedyKind::kHead, use_linear_head},
      Remedy{"cross entropy from logits", RemedyKind::kHead, use_logits},
      Remedy{"softmax cross entropy", RemedyKind::kHead, use_softmax},
      Remedy{"standardised inputs", RemedyKind::kInputs, standardize_inputs},
      Remedy{"clipping to norm 1", RemedyKind::kClipping, clip_gradients},
      Remedy{"learning rate / 10", RemedyKind::kLearningRate, lower_learning_rate},
      Remedy{"learning rate x 10", RemedyKind::kLearningRate, raise_learning_rate},
      Remedy{"warm-up", RemedyKind::kWarmUp, warm_up},
  };
  return kRemedies;
}

}  // namespace gradvitals
