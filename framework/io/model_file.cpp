#include "framework/io/model_file.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "framework/io/float_values.h"
#include "framework/io/input_message.h"
#include "framework/io/safetensors.h"

namespace gradvitals {
namespace {

/// The tensors of one layer; null where the file has none.
struct LayerTensors {
  const SafetensorsEntry* kernel = nullptr;
  const SafetensorsEntry* weight = nullptr;
  const SafetensorsEntry* bias = nullptr;
};

[[noreturn]] void refuse_tensor(const SafetensorsFile& file, std::string_view tensor,
                                std::string_view what) {
  refuse_input(file.path(), fmt::format("tensor {}: {}", in_quotes(tensor), what));
}

/// Where a tensor of this name belongs, or null where the name is not one of a layer's.
const SafetensorsEntry** slot_of(std::string_view name,
                                 std::map<std::int64_t, LayerTensors>& layers) {
  constexpr std::string_view kPrefix = "layers.";
  if (!name.starts_with(kPrefix)) return nullptr;
  name.remove_prefix(kPrefix.size());
  std::int64_t index = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const std::string_view digits(name.data(), static_cast<std::size_t>(stop - name.data()));
  // One spelling per layer: "layers.01" and "layers.-0" are none.
  if (error != std::errc() || digits != fmt::format("{}", index) || index < 0) return nullptr;
  const std::string_view part = name.substr(digits.size());
  if (part == ".kernel") return &layers[index].kernel;
  if (part == ".weight") return &layers[index].weight;
  if (part == ".bias") return &layers[index].bias;
  return nullptr;
}

/// The tensors of layers 0, 1, ..., each with its kernel in one of the two layouts.
std::vector<LayerTensors> collect_layers(const SafetensorsFile& file) {
  std::map<std::int64_t, LayerTensors> by_index;
  for (const SafetensorsEntry& entry : file.tensors()) {
    const SafetensorsEntry** slot = slot_of(entry.name, by_index);
    if (slot == nullptr) {
      refuse_tensor(file, entry.name,
                    "is none of layers.{i}.kernel, layers.{i}.weight, layers.{i}.bias");
    }
    *slot = &entry;
  }
  if (by_index.empty()) refuse_input(file.path(), "has no layers.0.kernel or layers.0.weight");
  std::vector<LayerTensors> layers;
  for (const auto& [index, layer] : by_index) {
    const std::int64_t expected = std::ssize(layers);
    if (index != expected || (layer.kernel == nullptr && layer.weight == nullptr)) {
      refuse_input(file.path(),
                   fmt::format("layers.{0}.kernel or layers.{0}.weight is missing", expected));
    }
    if (layer.kernel != nullptr && layer.weight != nullptr) {
      refuse_tensor(file, layer.weight->name, "the layer has a kernel, too");
    }
    layers.push_back(layer);
  }
  return layers;
}

const std::string& metadata_of(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    refuse_input(file.path(), fmt::format("metadata {} is missing", in_quotes(key)));
  }
  return found->second;
}

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

Activation read_activation(const SafetensorsFile& file, std::string_view word) {
  const std::optional<Activation> activation = parse_activation(word);
  if (!activation || *activation == Activation::kNone) {
    refuse_input(file.path(),
                 fmt::format("metadata \"activations\": {} is not one of linear, sigmoid, relu, "
                             "tanh, leaky_relu, gelu",
                             in_quotes(word)));
  }
  return *activation;
}

/// What the layers and the loss compute. Cross entropies start from logits: a head that makes
/// probabilities for its own loss is left to the loss.
struct Functions {
  std::vector<Activation> activations;
  LossKind loss;
};

Functions read_functions(const SafetensorsFile& file, std::size_t layer_count) {
  std::vector<std::string_view> words = split_words(metadata_of(file, "activations"));
  const std::string& loss_word = metadata_of(file, "loss");
  const std::optional<LossKind> loss = parse_loss(loss_word);
  if (!loss) {
    refuse_input(file.path(), fmt::format("metadata \"loss\": {} is not one of mse, bce, "
                                          "cross_entropy",
                                          in_quotes(loss_word)));
  }
  const std::string head(words.back());
  const bool is_folded = (head == "sigmoid" && loss_word == "bce") ||
                         (head == "softmax" && *loss == LossKind::kSoftmaxCrossEntropy);
  if (is_folded) words.back() = "linear";
  Functions functions{.activations = {}, .loss = *loss};
  for (const std::string_view word : words) {
    functions.activations.push_back(read_activation(file, word));
  }
  if (words.size() != layer_count) {
    refuse_input(file.path(), fmt::format("metadata \"activations\": {} activations, {} layers",
                                          words.size(), layer_count));
  }
  if (*loss != LossKind::kMse && functions.activations.back() != Activation::kLinear) {
    refuse_input(file.path(), fmt::format("metadata \"loss\": {} cannot follow a {} layer",
                                          in_quotes(loss_word), head));
  }
  return functions;
}

std::vector<float> transposed(const std::vector<float>& matrix, std::int64_t rows,
                              std::int64_t cols) {
  std::vector<float> result(matrix.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      result[static_cast<std::size_t>(c * rows + r)] =
          matrix[static_cast<std::size_t>(r * cols + c)];
    }
  }
  return result;
}

void check_shape(const SafetensorsFile& file, const SafetensorsEntry& entry, bool fits,
                 std::string_view expected) {
  if (!fits) {
    refuse_tensor(file, entry.name, fmt::format("shape {} is not {}", shape_text(entry), expected));
  }
}

/// Refuses what is no matrix, and one without an element.
void check_matrix(const SafetensorsFile& file, const SafetensorsEntry& entry,
                  std::string_view meaning) {
  check_shape(file, entry, entry.shape.size() == 2 && entry.count > 0, meaning);
}

ModelFileLayer read_layer(const SafetensorsFile& file, const LayerTensors& tensors) {
  const bool is_weight = tensors.kernel == nullptr;
  const SafetensorsEntry& kernel = is_weight ? *tensors.weight : *tensors.kernel;
  check_matrix(file, kernel, is_weight ? "(outputs, inputs)" : "(inputs, outputs)");
  ModelFileLayer layer;
  layer.kernel_name = kernel.name;
  layer.inputs = kernel.shape[is_weight ? 1 : 0];
  layer.outputs = kernel.shape[is_weight ? 0 : 1];
  layer.kernel = float_values(kernel, file.path());
  if (is_weight) layer.kernel = transposed(layer.kernel, layer.outputs, layer.inputs);
  if (tensors.bias != nullptr) {
    const SafetensorsEntry& bias = *tensors.bias;
    check_shape(file, bias, bias.shape.size() == 1 && bias.count == layer.outputs,
                fmt::format("[{}]", layer.outputs));
    layer.bias_name = bias.name;
    layer.bias = float_values(bias, file.path());
  }
  return layer;
}

const SafetensorsEntry& required(const SafetensorsFile& file, std::string_view name) {
  const SafetensorsEntry* entry = file.find(name);
  if (entry == nullptr)
    refuse_input(file.path(), fmt::format("tensor {} is missing", in_quotes(name)));
  return *entry;
}

}  // namespace

ModelFile read_model(const std::string& path) {
  const SafetensorsFile file(path);
  const std::vector<LayerTensors> tensors = collect_layers(file);
  const Functions functions = read_functions(file, tensors.size());
  ModelFile model{.layers = {}, .loss = functions.loss};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ModelFileLayer layer = read_layer(file, tensors[i]);
    layer.activation = functions.activations[i];
    if (i > 0 && layer.inputs != model.layers.back().outputs) {
      refuse_tensor(file, layer.kernel_name,
                    fmt::format("takes {} inputs, but layer {} gives {}", layer.inputs, i - 1,
                                model.layers.back().outputs));
    }
    model.layers.push_back(std::move(layer));
  }
  if (model.loss == LossKind::kSoftmaxCrossEntropy && model.layers.back().outputs < 2) {
    refuse_input(path, fmt::format("metadata \"loss\": {} of one output is always 0",
                                   in_quotes(name(model.loss))));
  }
  return model;
}

ModelBatch read_batch(const std::string& path, const ModelFile& model) {
  const SafetensorsFile file(path);
  const SafetensorsEntry& x = required(file, "x");
  const SafetensorsEntry& y = required(file, "y");
  for (const SafetensorsEntry& entry : file.tensors()) {
    if (&entry != &x && &entry != &y) refuse_tensor(file, entry.name, "is neither x nor y");
  }
  check_matrix(file, x, "(batch, inputs)");
  check_matrix(file, y, "(batch, outputs)");
  const std::int64_t rows = x.shape[0];
  const std::int64_t inputs = model.layers.front().inputs;
  const std::int64_t outputs = model.layers.back().outputs;
  check_shape(file, x, x.shape[1] == inputs,
              fmt::format("[{},{}], which the model takes", rows, inputs));
  check_shape(file, y, y.shape[0] == rows && y.shape[1] == outputs,
              fmt::format("[{},{}], which x and the model ask for", rows, outputs));
  return {.rows = rows, .x = float_values(x, path), .y = float_values(y, path)};
}

}  // namespace gradvitals
