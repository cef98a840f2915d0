#include "framework/io/model_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

/// The words between the commas, without blanks around them.
std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    words.push_back(word);
    if (comma == std::string_view::npos) return words;
    text.remove_prefix(comma + 1);
  }
}

Activation parse_activation_word(std::string_view word, std::string_view where,
                                 const std::string& path) {
  const std::optional<Activation> activation = parse_activation(word);
  if (!activation || *activation == Activation::kNone) {
    refuse_input(
        path, fmt::format("{}: {} is not one of {}", where, in_quotes(word), activation_names()));
  }
  return *activation;
}

/// Names of losses in PyTorch and Keras. PyTorch's BCELoss always takes probabilities.
std::string_view without_alias(std::string_view word) {
  struct Alias {
    std::string_view theirs;
    std::string_view ours;
  };
  constexpr std::array kAliases = {
      Alias{"MSELoss", "mse"},
      Alias{"mse_loss", "mse"},
      Alias{"MeanSquaredError", "mse"},
      Alias{"mean_squared_error", "mse"},
      Alias{"BCELoss", "binary_cross_entropy"},
      Alias{"BCEWithLogitsLoss", "bce_with_logits"},
      Alias{"binary_cross_entropy_with_logits", "bce_with_logits"},
      Alias{"BinaryCrossentropy", "bce"},
      Alias{"binary_crossentropy", "bce"},
      Alias{"CrossEntropyLoss", "cross_entropy"},
      Alias{"CategoricalCrossentropy", "cross_entropy"},
      Alias{"categorical_crossentropy", "cross_entropy"},
      Alias{"SparseCategoricalCrossentropy", "cross_entropy"},
      Alias{"sparse_categorical_crossentropy", "cross_entropy"},
  };
  const auto* const found = std::ranges::find(kAliases, word, &Alias::theirs);
  return found == kAliases.end() ? word : found->ours;
}

/// The loss of that name behind the head: "bce" after a sigmoid is that of probabilities.
LossKind parse_loss_word(const ModelWord& word, std::string_view head, const std::string& path) {
  const std::string_view text = without_alias(word.text);
  const std::optional<LossKind> loss = parse_loss(text);
  if (!loss) {
    refuse_input(path, fmt::format("{}: {} is not one of mse, bce, bce_with_logits, cross_entropy",
                                   word.where, in_quotes(word.text)));
  }
  return text == "bce" && head == "sigmoid" ? LossKind::kBinaryCrossEntropy : *loss;
}

/// Whether the loss accepts outputs of a layer with this activation.
bool can_follow(LossKind loss, Activation activation) {
  switch (loss) {
    case LossKind::kMse:
      return true;
    case LossKind::kBinaryCrossEntropy:
      return activation == Activation::kSigmoid;
    case LossKind::kBinaryCrossEntropyFromLogits:
    case LossKind::kSoftmaxCrossEntropy:
      return activation == Activation::kLinear;
  }
  return false;
}

}  // namespace

ModelFunctions parse_model_functions(const ModelWord& activations, const ModelWord& loss,
                                     std::size_t layer_count, const std::string& path) {
  std::vector<std::string_view> words = split_words(activations.text);
  const std::string head(words.back());
  const LossKind kind = parse_loss_word(loss, head, path);
  const bool is_folded = (head == "sigmoid" && kind == LossKind::kBinaryCrossEntropyFromLogits) ||
                         (head == "softmax" && kind == LossKind::kSoftmaxCrossEntropy);
  if (is_folded) words.back() = "linear";
  ModelFunctions functions{.activations = {}, .loss = kind};
  for (const std::string_view word : words) {
    functions.activations.push_back(parse_activation_word(word, activations.where, path));
  }
  if (words.size() != layer_count) {
    refuse_input(path,
                 fmt::format("{}: {} given, {} expected, one for each layer of the model with "
                             "commas between",
                             activations.where, words.size(), layer_count));
  }
  if (!can_follow(kind, functions.activations.back())) {
    refuse_input(path, fmt::format("{}: {} cannot follow a {} layer", loss.where,
                                   in_quotes(loss.text), head));
  }
  return functions;
}

}  // namespace gradvitals
