// The dense (fully connected) layer.
#pragma once

#include "kernels/ops/activation.h"
#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

/// y = activation(x w + b), and z = x w + b if z is not null.
template <class T>
struct DenseForward {
  MatrixView<const T> x;  ///< (B,I)
  MatrixView<const T> w;  ///< (I,O)
  VectorView<const T> b;  ///< (O), or null for no bias
  Activation activation = Activation::kLinear;
  MatrixView<T> y;  ///< (B,O)
  MatrixView<T> z;  ///< (B,O), or null if it is not needed
};

/// delta = dy * activation'(z);  dx = delta w^T;  dw = x^T delta;  db = column sums of delta.
/// Gradients are written, not accumulated.
template <class T>
struct DenseBackward {
  MatrixView<const T> x;  ///< (B,I)
  MatrixView<const T> w;  ///< (I,O)
  Activation activation = Activation::kLinear;
  MatrixView<const T> z;   ///< (B,O), or null where the derivative does not need it
  MatrixView<const T> y;   ///< (B,O), the forward's output
  MatrixView<const T> dy;  ///< (B,O)
  MatrixView<T> delta;     ///< (B,O); may be the memory of dy
  MatrixView<T> dx;        ///< (B,I), or null if it is not needed (a first layer)
  MatrixView<T> dw;        ///< (I,O), or null where w is not trained
  VectorView<T> db;        ///< (O), or null where there is no bias or it is not trained
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the shapes.
template <class T>
void dense_forward(Stream& stream, const DenseForward<T>& op);
template <class T>
void dense_backward(Stream& stream, const DenseBackward<T>& op);

}  // namespace gradvitals
