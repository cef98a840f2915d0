// Element-wise sums and products: residual connections, gates, and accumulation of gradients.
#pragma once

#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

/// out = a + b. out may be a or b.
template <class T>
struct Add {
  VectorView<const T> a;  ///< (N)
  VectorView<const T> b;  ///< (N)
  VectorView<T> out;      ///< (N)
};

/// out = a * b, element by element. out may be a or b.
template <class T>
struct Multiply {
  VectorView<const T> a;  ///< (N)
  VectorView<const T> b;  ///< (N)
  VectorView<T> out;      ///< (N)
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the shapes.
template <class T>
void add(Stream& stream, const Add<T>& op);
template <class T>
void multiply(Stream& stream, const Multiply<T>& op);

}  // namespace gradvitals
