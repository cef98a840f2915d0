// Computes:    y = activation(z) and dz = dy * activation'(z), one function object per activation
// Shapes:      scalars, for the kernels that include this
// DTypes:      float32
// Launch:      none
// Traffic:     none
// Determinism: an element's bits depend on its inputs alone
// Edge cases:  NaN stays NaN; a derivative is a product in IEEE arithmetic
// Errors:      none
// Reference:   cpu/activation.cpp
#pragma once

#include "kernels/ops/activation.h"
#include "kernels/ops/cuda/activation_math.cuh"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

inline constexpr float kLeakySlope = static_cast<float>(kLeakyReluSlope);

/// Each has y = operator()(z) and, as gradient(), dz of (z, y, dy).
struct Linear {
  __device__ float operator()(float z) const { return z; }
  static __device__ float gradient(float, float, float dy) { return dy; }
};

struct Sigmoid {
  __device__ float operator()(float z) const { return sigmoid(z); }
  /// TensorFlow's formula. A saturated unit has y = 1, and its gradient is exactly zero.
  static __device__ float gradient(float, float y, float dy) { return y * (1.0f - y) * dy; }
};

struct Tanh {
  __device__ float operator()(float z) const { return tanh_of(z); }
  /// Not 1 - y^2, which loses its digits near |y| = 1.
  static __device__ float gradient(float, float y, float dy) {
    return (1.0f - y) * (1.0f + y) * dy;
  }
};

struct Relu {
  __device__ float operator()(float z) const { return z <= 0.0f ? 0.0f : z; }
  static __device__ float gradient(float, float y, float dy) { return slope_of_kink(y, 0.0f) * dy; }
};

struct LeakyRelu {
  __device__ float operator()(float z) const { return z < 0.0f ? z * kLeakySlope : z; }
  static __device__ float gradient(float, float y, float dy) {
    return slope_of_kink(y, kLeakySlope) * dy;
  }
};

struct Gelu {
  __device__ float operator()(float z) const { return gelu(z); }
  static __device__ float gradient(float z, float, float dy) { return gelu_derivative(z) * dy; }
};

/// Calls visit(Sigmoid{}) and the like. kNone, which no op passes on, counts as linear.
template <class Visit>
void visit_activation(Activation activation, const Visit& visit) {
  switch (activation) {
    case Activation::kNone:
    case Activation::kLinear:
      return visit(Linear{});
    case Activation::kSigmoid:
      return visit(Sigmoid{});
    case Activation::kRelu:
      return visit(Relu{});
    case Activation::kTanh:
      return visit(Tanh{});
    case Activation::kLeakyRelu:
      return visit(LeakyRelu{});
    case Activation::kGelu:
      return visit(Gelu{});
  }
}

/// The same for kernels that learn the activation at run time.
__device__ __forceinline__ float activate(Activation activation, float z) {
  switch (activation) {
    case Activation::kNone:
    case Activation::kLinear:
      return z;
    case Activation::kSigmoid:
      return sigmoid(z);
    case Activation::kRelu:
      return Relu{}(z);
    case Activation::kTanh:
      return tanh_of(z);
    case Activation::kLeakyRelu:
      return LeakyRelu{}(z);
    case Activation::kGelu:
      return gelu(z);
  }
  return z;
}

}  // namespace gradvitals::GPU_NAMESPACE
