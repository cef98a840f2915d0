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

struct Softplus {
  /// max(z, 0) + log1p(e^-|z|), log1p(e) = t + t^3 P(t^2) with t = 2e / (2 + e).
  __device__ float operator()(float z) const {
    const float e = exp_of_non_positive(-fabsf(z), 0.0f);
    const float t = (e + e) / (e + 2.0f);
    const float t2 = t * t;
    const float p01 = fmaf(0.0125067273f, t2, 0.0833330204f);
    const float p23 = fmaf(5.47109162e-4f, t2, 0.0021876410f);
    const float log = fmaf(t * t2, fmaf(p23, t2 * t2, p01), t);
    return (z < 0.0f ? 0.0f : z) + log;
  }
  /// 1 - e^-y, without the difference that would lose small y.
  static __device__ float gradient(float, float y, float dy) {
    constexpr float kSlopeIsOne = 20.0f;
    const ReducedExponent reduced = reduce_exponent(-capped_magnitude(y, kSlopeIsOne), 0);
    const float t =
        fmaf(reduced.power, expm1_of_remainder(reduced.remainder), reduced.power - 1.0f);
    return (0.0f - t) * dy;
  }
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
    case Activation::kSoftplus:
      return visit(Softplus{});
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
    case Activation::kSoftplus:
      return Softplus{}(z);
  }
  return z;
}

}  // namespace gradvitals::GPU_NAMESPACE
