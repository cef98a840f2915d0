// What a model file's words for activations and loss mean.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kernels/ops/activation.h"
#include "kernels/ops/loss.h"

namespace gradvitals {

/// What somebody wrote, and where, as messages about it begin: `metadata "loss"`, `--loss`.
struct ModelWord {
  std::string text;
  std::string where;
};

/// What the layers and the loss compute. A loss from logits takes over the head that would make
/// probabilities of them.
struct ModelFunctions {
  std::vector<Activation> activations;  ///< One per layer.
  LossKind loss = LossKind::kMse;
};

/// `activations` is a list with commas, one word per layer. Throws InputError naming the file and
/// what was written where for words that are unknown, too few or too many, or do not go together.
ModelFunctions parse_model_functions(const ModelWord& activations, const ModelWord& loss,
                                     std::size_t layer_count, const std::string& path);

}  // namespace gradvitals
