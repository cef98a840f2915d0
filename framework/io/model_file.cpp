#include "framework/io/model_file.h"

#include <fmt/format.h>

#include <string_view>

#include "framework/io/dense_layers.h"
#include "framework/io/float_values.h"
#include "framework/io/model_functions.h"
#include "framework/io/safetensors.h"
#include "kernels/input_message.h"

namespace gradvitals {
namespace {

[[noreturn]] void refuse_tensor(const SafetensorsFile& file, std::string_view tensor,
                                std::string_view what) {
  refuse_input(file.path(), fmt::format("tensor {}: {}", in_quotes(tensor), what));
}

/// A tensor of another type is passed over, unless its name says that it is needed.
[[noreturn]] void refuse_type(const SafetensorsFile& file, const LeftOutTensor& tensor) {
  refuse_tensor(
      file, tensor.name,
      fmt::format("is of type {}; F32, F64, F16 or BF16 is needed", in_quotes(tensor.dtype)));
}

ModelWord metadata_of(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  const std::string where = fmt::format("metadata {}", in_quotes(key));
  if (found == file.metadata().end()) refuse_input(file.path(), where + " is missing");
  return {.text = found->second, .where = where};
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
  for (const LeftOutTensor& tensor : file.left_out()) {
    if (tensor.name == name) refuse_type(file, tensor);
  }
  const SafetensorsEntry* entry = file.find(name);
  if (entry == nullptr)
    refuse_input(file.path(), fmt::format("tensor {} is missing", in_quotes(name)));
  return *entry;
}

}  // namespace

ModelFile read_model(const std::string& path) {
  const SafetensorsFile file(path);
  return read_model(file, metadata_of(file, "activations"), metadata_of(file, "loss"));
}

ModelFile read_model(const SafetensorsFile& file, const ModelWord& activations,
                     const ModelWord& loss) {
  const std::vector<LayerTensors> tensors = dense_layers_of(file);
  const ModelFunctions functions =
      parse_model_functions(activations, loss, tensors.size(), file.path());
  ModelFile model{.layers = {}, .loss = functions.loss};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ModelFileLayer layer = read_layer(file, tensors[i]);
    layer.activation = functions.activations[i];
    if (i > 0 && layer.inputs != model.layers.back().outputs) {
      refuse_tensor(
          file, layer.kernel_name,
          fmt::format("takes {} inputs, but {} gives {}", layer.inputs,
                      in_quotes(model.layers.back().kernel_name), model.layers.back().outputs));
    }
    model.layers.push_back(std::move(layer));
  }
  if (model.loss == LossKind::kSoftmaxCrossEntropy && model.layers.back().outputs < 2) {
    refuse_input(file.path(), fmt::format("{}: {} of one output is always 0", loss.where,
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
