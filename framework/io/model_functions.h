// What a model file's words for activations and loss mean.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kernels/ops/activation.h"
#include "kernels/ops/loss.h"

namespace gradvitals {

/// A setting as the user wrote it, and its origin for messages: `metadata "loss"`, `--loss`.
struct ModelWord {
  std::string text;
  std::string where;
};

/// Functions of the layers and of the loss. A loss from logits includes the sigmoid or softmax of the
/// head, whose activation is then linear.
struct ModelFunctions {
  std::vector<Activation> activations;  ///< One per layer.
  LossKind loss = LossKind::kMse;
};

/// `activations` is a list with commas, one word per layer. Throws InputError naming the file and
/// what was written where for words that are unknown, too few or too many, or do not go together.
ModelFunctions parse_model_functions(const ModelWord& activations, const ModelWord& loss,
                                     std::size_t layer_count, const std::string& path);

}  // namespace gradvitals
