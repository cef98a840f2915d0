// Initializers: initial values of parameters. Names, defaults and fans are those of Keras.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "framework/parameter.h"
#include "framework/tensor.h"
#include "kernels/ops/random.h"

namespace gradvitals {

// Uniform in [-limit, limit): Glorot and Bengio 2010, He et al. 2015, LeCun et al. 1998.

/// limit = sqrt(6 / (fan_in + fan_out))
struct GlorotUniform {
  bool operator==(const GlorotUniform&) const = default;
};
/// limit = sqrt(6 / fan_in)
struct HeUniform {
  bool operator==(const HeUniform&) const = default;
};
/// limit = sqrt(3 / fan_in)
struct LecunUniform {
  bool operator==(const LecunUniform&) const = default;
};

// Normal, truncated at two standard deviations and scaled, as in Keras, so that the stddev is the one
// stated.

/// stddev = sqrt(2 / (fan_in + fan_out))
struct GlorotNormal {
  bool operator==(const GlorotNormal&) const = default;
};
/// stddev = sqrt(2 / fan_in)
struct HeNormal {
  bool operator==(const HeNormal&) const = default;
};
/// stddev = sqrt(1 / fan_in)
struct LecunNormal {
  bool operator==(const LecunNormal&) const = default;
};

/// N(mean, stddev^2), not cut off.
struct RandomNormal {
  double stddev = 0.05;
  double mean = 0.0;

  bool operator==(const RandomNormal&) const = default;
};

/// U[low, high)
struct RandomUniform {
  double low = -0.05;
  double high = 0.05;

  bool operator==(const RandomUniform&) const = default;
};

struct Zeros {
  bool operator==(const Zeros&) const = default;
};
struct Ones {
  bool operator==(const Ones&) const = default;
};
struct Constant {
  double value = 0.0;

  bool operator==(const Constant&) const = default;
};

using Initializer = std::variant<GlorotUniform, GlorotNormal, HeNormal, HeUniform, LecunNormal,
                                 LecunUniform, RandomNormal, RandomUniform, Zeros, Ones, Constant>;

struct Fans {
  double in;
  double out;
};

/// (in,out) of a kernel; a vector of N has N and N, a scalar 1 and 1, as in Keras. Throws
/// std::invalid_argument for rank 3 and more.
Fans fans(const Shape& shape);

/// The key of the random numbers of `name` in the experiment `seed`: a different sequence for every
/// name, always the same one for the same name.
RandomKey random_key(std::uint64_t seed, std::string_view name);

/// A new tensor. The same key gives the same values on every device. Throws std::invalid_argument
/// for a range or stddev that is negative or not finite.
Tensor initialize(Stream& stream, const Initializer& initializer, const Shape& shape, RandomKey key,
                  DType dtype = DType::kFloat32);

/// An initialised parameter for a model without layer classes; its name and the seed decide its values.
Parameter make_parameter(Stream& stream, std::string name, const Shape& shape,
                         const Initializer& initializer, std::uint64_t seed,
                         DType dtype = DType::kFloat32);

}  // namespace gradvitals
