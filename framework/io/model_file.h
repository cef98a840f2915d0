// Model files: a chain of dense layers, its activations and its loss, as safetensors; and the batch
// to run it on. make_model.h makes the model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/io/model_functions.h"
#include "framework/io/safetensors.h"
#include "kernels/ops/activation.h"
#include "kernels/ops/loss.h"

namespace gradvitals {

/// One dense layer, y = activation(x kernel + bias), in float32.
struct ModelFileLayer {
  std::string kernel_name;  ///< As in the file: "layers.0.kernel" or "layers.0.weight".
  std::string bias_name;    ///< Empty where the layer has no bias.
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::vector<float> kernel;  ///< (inputs, outputs); a "weight", (outputs, inputs), is transposed.
  std::vector<float> bias;    ///< (outputs), or empty
  Activation activation = Activation::kLinear;
};

struct ModelFile {
  std::vector<ModelFileLayer> layers;  ///< Input side first; at least one.
  LossKind loss = LossKind::kMse;      ///< Of the last layer's output.
};

/// Reads `layers.{i}.kernel` (in,out) or `layers.{i}.weight` (out,in), i from 0, each with an
/// optional `layers.{i}.bias`, or the names of an nn.Sequential (`0.weight`, `2.weight`; see
/// dense_layers_of()), and the metadata `activations` ("relu,relu,sigmoid", one per layer)
/// and `loss` (what parse_loss() takes). The loss "bce" after a sigmoid is that of probabilities,
/// binary_cross_entropy, and after a linear layer that of logits. "bce_with_logits" is that of
/// logits always: a sigmoid that stands last is then left to the loss, which stays exact where the
/// sigmoid rounds to 0 or 1, and its layer is read as linear. In the same way "softmax" may stand
/// last, before softmax_cross_entropy. Values may be NaN or infinite. A tensor of another type
/// (`num_batches_tracked`, say) is passed over where its name is not one of these. Throws
/// InputError naming the file and the tensor or metadata for what is missing, unknown, too much, or
/// of a wrong shape.
ModelFile read_model(const std::string& path);

/// The same for an open file, with activations and loss from elsewhere: a PyTorch state_dict has
/// neither.
ModelFile read_model(const SafetensorsFile& file, const ModelWord& activations,
                     const ModelWord& loss);

struct ModelBatch {
  std::int64_t rows = 0;
  std::vector<float> x;  ///< (rows, inputs of the first layer)
  std::vector<float> y;  ///< (rows, outputs of the last layer)
};

/// Reads `x` and `y` as read_batch_arrays() does. Where the model has one output, y may be a
/// vector; where its loss is softmax_cross_entropy, y may be a vector of class indices, of which
/// one-hot rows are made. Throws InputError naming the file and the tensor for shapes that fit
/// neither each other nor the model, and for an index that is none of the model's classes.
ModelBatch read_batch(const std::string& path, const ModelFile& model);

}  // namespace gradvitals
