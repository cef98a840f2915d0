#include "app/chosen_loss.h"

#include <fmt/format.h>

#include "app/command_line.h"
#include "training/known_data.h"

namespace gradvitals::app {
namespace {

LossKind loss_that_suits(std::string_view data) {
  const KnownData* const known = find_known_data(data);
  const bool has_classes = known != nullptr && known->form == TargetForm::kClasses;
  return has_classes ? LossKind::kSoftmaxCrossEntropy : LossKind::kMse;
}

}  // namespace

LossKind chosen_loss(const std::optional<std::string>& word, std::string_view data,
                     Activation head) {
  if (!word) return loss_that_suits(data);
  const std::optional<LossKind> loss = parse_loss(*word);
  if (!loss) {
    throw UsageError(
        fmt::format("--loss: '{}' is not one of mse, softmax_cross_entropy, binary_cross_entropy, "
                    "binary_cross_entropy_from_logits, or in short cross_entropy, bce, "
                    "bce_with_logits",
                    *word));
  }
  const bool has_probabilities = head == Activation::kSigmoid;
  if (*word == "bce" && has_probabilities) return LossKind::kBinaryCrossEntropy;
  if (*loss == LossKind::kBinaryCrossEntropy && !has_probabilities) {
    throw UsageError(
        fmt::format("--loss {} is of probabilities, but the model ends with {}: end it with "
                    "sigmoid, or use binary_cross_entropy_from_logits",
                    *word, name(head)));
  }
  return *loss;
}

}  // namespace gradvitals::app
