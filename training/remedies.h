// Remedies: what the rules advise, as changes of a training that can be tried.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "training/training_plan.h"

namespace gradvitals {

/// What a remedy changes. Two of one kind exclude each other.
enum class RemedyKind : std::uint8_t {
  kActivation,
  kInitialValues,
  kLayerNorm,
  kResidual,
  kHead,
  kInputs,
  kClipping,
  kLearningRate,
  kWarmUp,
};

/// What the gradients showed while the network trained as it is.
struct GradientSymptoms {
  double largest_norm = 0.0;  ///< Of all gradients of a step together; their finite part.
  bool has_nonfinite = false;
};

/// `apply` gives the changed training; none where the training is already so, or cannot be. A
/// remedy that changes the architecture of a network with values of its own makes new ones: those
/// were found for another function.
struct Remedy {
  std::string_view name;
  RemedyKind kind;
  std::optional<TrainingPlan> (*apply)(const TrainingPlan& plan, const GradientSymptoms& symptoms);
};

/// In the order in which they are applied where several are: what makes new initial values before
/// what chooses them.
std::span<const Remedy> remedies();

}  // namespace gradvitals
