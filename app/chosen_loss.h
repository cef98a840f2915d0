// The loss of a training: the one asked for, else what suits the data.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernels/ops/activation.h"
#include "kernels/ops/loss.h"

namespace gradvitals::app {

/// `word` is what --loss says, `data` what --data says (empty for the notebook's networks), and `head`
/// the model's last activation. "bce" behind a sigmoid is of probabilities, as in model files
/// (framework/io/model_file.h). Without a word: softmax_cross_entropy for known data with classes, else
/// mse. Throws UsageError for a word that names no loss, and for a loss of probabilities where the model
/// gives none.
LossKind chosen_loss(const std::optional<std::string>& word, std::string_view data,
                     Activation head);

}  // namespace gradvitals::app
