// General matrix multiplication.
#pragma once

#include "kernels/matrix_view.h"

namespace gradvitals {

class Stream;

/// c = alpha * op(a) op(b) + beta * c, where op(a) is (M,K), op(b) is (K,N) and c is (M,N). With
/// beta 0, c is not read (NaN in it does not survive); with alpha 0, a and b are not. c overlaps
/// neither a nor b.
template <class T>
struct Gemm {
  MatrixView<const T> a;  ///< (M,K), or (K,M) with transpose_a
  MatrixView<const T> b;  ///< (K,N), or (N,K) with transpose_b
  MatrixView<T> c;        ///< (M,N)
  bool transpose_a = false;
  bool transpose_b = false;
  T alpha = 1;
  T beta = 0;
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the shapes.
template <class T>
void gemm(Stream& stream, const Gemm<T>& op);

}  // namespace gradvitals
