// The three networks of the gradient-health notebook, and its data.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "framework/initializers.h"
#include "framework/sequential.h"
#include "framework/tensor.h"

namespace gradvitals {

enum class NotebookNetwork : std::uint8_t { kSigmoid, kRelu, kExploding };

struct NetworkOptions {
  std::uint64_t seed = 42;
  std::int64_t features = 10;  ///< Width of the input: the notebook's.
  /// Activation of the last layer: sigmoid in the notebook, linear to let the third network's
  /// explosion reach its gradients.
  Activation head = Activation::kSigmoid;
  DType dtype = DType::kFloat32;
};

// All take (B,features) and give (B,1). Weights, biases and names are as Keras makes them; with one
// seed, no two of the networks share random numbers.

/// Four sigmoid layers of 64: gradients shrink about fourfold per layer. 13,249 parameters with 10
/// features.
Sequential sigmoid_network(Stream& stream, const NetworkOptions& options = {});

/// Four ReLU layers of 64: healthy. 13,249 parameters with 10 features.
Sequential relu_network(Stream& stream, const NetworkOptions& options = {});

/// Three linear layers of 64 drawn from N(0, 2^2): signals grow sixteenfold per layer. 9,089
/// parameters with 10 features.
Sequential exploding_network(Stream& stream, const NetworkOptions& options = {});

/// One of their dense layers.
struct NotebookLayer {
  std::int64_t units = 0;
  Activation activation = Activation::kLinear;
  Initializer kernel_initializer = GlorotUniform{};
};

/// What a network is called, which decides its random numbers with the seed: "SigmoidNetwork".
std::string_view notebook_name(NotebookNetwork network);

/// Its layers, in their order; `head` is the activation of the last one.
std::vector<NotebookLayer> notebook_layers(NotebookNetwork network,
                                           Activation head = Activation::kSigmoid);

/// The network of these layers: one of the three above.
Sequential notebook_network(Stream& stream, NotebookNetwork network,
                            const NetworkOptions& options = {});

struct SampleData {
  Tensor x;  ///< (batch, 10), from N(0, 1)
  Tensor y;  ///< (batch, 1), from U[0, 1)
};

/// Throws std::invalid_argument for a batch < 1.
SampleData make_sample_data(Stream& stream, std::uint64_t seed, std::int64_t batch = 100,
                            DType dtype = DType::kFloat32);

}  // namespace gradvitals
