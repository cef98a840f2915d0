// Dropout: elements set to 0 at random. Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov,
// "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014; inverted, so that
// inference needs no scaling.
#pragma once

#include <cstdint>

#include "kernels/ops/random.h"
#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

/// mask = a key derived from `key` and the counter (Philox); then increments the counter. Both are in
/// device memory, so that a captured graph makes a new mask in every replay.
struct NextMask {
  RandomKey key;
  VectorView<std::uint64_t> counter{};  ///< (1)
  VectorView<RandomKey> mask{};         ///< (1)
};

/// y = x * (kept ? 1 / (1 - rate) : 0). Element i is kept where the i-th word that fill_bits() makes
/// of the mask is not below rate * 2^32: it depends on mask and i alone, and is the same on every
/// device. The gradient is the same op on dy. A product in IEEE arithmetic: NaN stays NaN and a
/// dropped infinity becomes NaN, so that no mask hides them. In place (y == x) is allowed.
template <class T>
struct ApplyMask {
  VectorView<const RandomKey> mask;  ///< (1)
  double rate = 0.0;                 ///< in [0, 1)
  VectorView<const T> x;             ///< (N)
  VectorView<T> y;                   ///< (N)
};

/// Throws std::invalid_argument naming the op and what is not one element.
void next_mask(Stream& stream, const NextMask& op);

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the shapes, or
/// the rate.
template <class T>
void apply_mask(Stream& stream, const ApplyMask<T>& op);

}  // namespace gradvitals
