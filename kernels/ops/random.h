// Random fills. Counter-based: the value at index i depends on (seed, sequence, i) alone, so the
// same bits come out on every device, for every thread count and every split of the range.
#pragma once

#include <cstdint>

#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

/// Which stream of random numbers: `seed` names the experiment, `sequence` the tensor in it.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t sequence = 0;
};

/// Raw Philox4x32-10 output, four words a counter.
struct FillBits {
  RandomKey key;
  VectorView<std::uint32_t> out;  ///< (N)
};

/// low + (high - low) * u, with u in [0, 1) a multiple of 2^-24 (of 2^-53 in float64), rounded
/// once: it may round to `high` unless low is 0 and high 1.
template <class T>
struct FillUniform {
  RandomKey key;
  VectorView<T> out;  ///< (N)
  double low = 0.0;
  double high = 1.0;
};

/// mean + stddev * n, with n from N(0,1) and |n| < 6.34. float64 holds the float32 value, widened.
template <class T>
struct FillNormal {
  RandomKey key;
  VectorView<T> out;  ///< (N)
  double mean = 0.0;
  double stddev = 1.0;
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the argument: a
/// bound, mean or stddev that is not finite in float32 (a bound: in T), low above high, stddev
/// below 0.
void fill_bits(Stream& stream, const FillBits& op);
template <class T>
void fill_uniform(Stream& stream, const FillUniform<T>& op);
template <class T>
void fill_normal(Stream& stream, const FillNormal<T>& op);

}  // namespace gradvitals
