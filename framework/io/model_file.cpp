#include "framework/io/model_file.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

#include "framework/io/batch_arrays.h"
#include "framework/io/dense_layers.h"
#include "framework/io/float_values.h"
#include "framework/io/model_functions.h"
#include "framework/io/safetensors.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

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

/// Refuses anything but a nonempty matrix.
void check_matrix(const SafetensorsFile& file, const SafetensorsEntry& entry,
                  std::string_view meaning) {
  // A normalisation's weight is a vector, a convolution's kernel has a dimension for each axis.
  check_shape(file, entry, entry.shape.size() == 2,
              fmt::format("{}; {}", meaning, kDenseLayersAlone));
  check_shape(file, entry, entry.count > 0, meaning);
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

/// Error messages about an array of a data file.
class BatchCheck {
 public:
  BatchCheck(const std::string& path, const BatchArray& array) : path_(path), array_(array) {}

  [[noreturn]] void refuse(std::string_view what) const {
    refuse_input(path_, fmt::format("tensor {}{}", in_quotes(array_.name), what));
  }
  [[noreturn]] void refuse_shape(std::string_view expected) const {
    refuse(fmt::format(": shape [{}] is not {}", fmt::join(array_.shape, ","), expected));
  }

 private:
  const std::string& path_;
  const BatchArray& array_;
};

bool is_vector_of(const BatchArray& array, std::int64_t rows) {
  const bool is_column = array.shape.size() == 2 && array.shape[1] == 1;
  return (array.shape.size() == 1 || is_column) && array.shape[0] == rows;
}

/// A row for each class index, 1 at the class and 0 elsewhere.
std::vector<float> one_hot(const BatchArray& classes, std::int64_t outputs,
                           const BatchCheck& check) {
  std::vector<float> rows(classes.values.size() * static_cast<std::size_t>(outputs), 0.0F);
  for (std::size_t i = 0; i < classes.values.size(); ++i) {
    const float index = classes.values[i];
    // A NaN is no class either.
    if (!(index >= 0 && index < static_cast<float>(outputs) && index == std::floor(index))) {
      check.refuse(
          fmt::format(", element {}: {} is not a class from 0 to {}, which the model tells "
                      "apart",
                      i, index, outputs - 1));
    }
    rows[i * static_cast<std::size_t>(outputs) + static_cast<std::size_t>(index)] = 1.0F;
  }
  return rows;
}

/// The targets as (rows, outputs): as they stand, a vector for one output, or from class indices.
std::vector<float> targets_of(const BatchArray& y, std::int64_t rows, const ModelFile& model,
                              const BatchCheck& check) {
  const std::int64_t outputs = model.layers.back().outputs;
  const bool takes_classes = model.loss == LossKind::kSoftmaxCrossEntropy;
  if (y.shape == std::vector{rows, outputs} || (outputs == 1 && is_vector_of(y, rows))) {
    return y.values;
  }
  if (takes_classes && is_vector_of(y, rows)) return one_hot(y, outputs, check);
  check.refuse_shape(fmt::format("[{},{}], which x and the model require{}", rows, outputs,
                                 takes_classes ? fmt::format(", nor [{}] of class indices", rows)
                                 : is_vector_of(y, rows)
                                     ? "; class indices go with the loss cross_entropy"
                                     : ""));
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
  BatchArrays batch = read_batch_arrays(path);
  const BatchCheck x(path, batch.x), y(path, batch.y);
  if (batch.x.shape.size() != 2 || batch.x.values.empty()) x.refuse_shape("(batch, inputs)");
  const std::int64_t rows = batch.x.shape[0];
  const std::int64_t inputs = model.layers.front().inputs;
  if (batch.x.shape[1] != inputs) {
    x.refuse_shape(fmt::format("[{},{}], which the model takes", rows, inputs));
  }
  return {.rows = rows, .x = std::move(batch.x.values), .y = targets_of(batch.y, rows, model, y)};
}

}  // namespace gradvitals
