// The three networks of the gradient-health notebook, and its data.
#pragma once

#include <cstdint>

#include "framework/sequential.h"
#include "framework/tensor.h"

namespace gradvitals {

// All take (B,10) and give (B,1). `head` is the activation of the last layer: sigmoid in the
// notebook, linear to let the third network's explosion reach its gradients. Weights, biases and
// names are as Keras makes them; with one seed, no two of the networks share random numbers.

/// Four sigmoid layers of 64: gradients shrink about fourfold per layer. 13,249 parameters.
Sequential sigmoid_network(Stream& stream, std::uint64_t seed,
                           Activation head = Activation::kSigmoid, DType dtype = DType::kFloat32);

/// Four ReLU layers of 64: healthy. 13,249 parameters.
Sequential relu_network(Stream& stream, std::uint64_t seed, Activation head = Activation::kSigmoid,
                        DType dtype = DType::kFloat32);

/// Three linear layers of 64 drawn from N(0, 2^2): signals grow sixteenfold per layer. 9,089
/// parameters.
Sequential exploding_network(Stream& stream, std::uint64_t seed,
                             Activation head = Activation::kSigmoid, DType dtype = DType::kFloat32);

struct SampleData {
  Tensor x;  ///< (batch, 10), from N(0, 1)
  Tensor y;  ///< (batch, 1), from U[0, 1)
};

/// Throws std::invalid_argument for a batch < 1.
SampleData make_sample_data(Stream& stream, std::uint64_t seed, std::int64_t batch = 100,
                            DType dtype = DType::kFloat32);

}  // namespace gradvitals
