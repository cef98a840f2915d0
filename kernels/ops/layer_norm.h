// Layer normalisation: every row gets mean 0 and variance 1, then a scale and a shift per column.
// Ba, Kiros, Hinton, "Layer normalization", 2016.
#pragma once

#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

/// PyTorch's default; Keras has 1e-3.
inline constexpr double kLayerNormEpsilon = 1e-5;

/// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the mean and the variance (over C,
/// not C - 1) of each row. Statistics and y are computed in float64 and rounded once, so that a mean
/// far from 0 costs no digits. A constant row gives beta; NaN or an infinity makes its row NaN.
template <class T>
struct LayerNormForward {
  MatrixView<const T> x;      ///< (B,C), C >= 1
  VectorView<const T> gamma;  ///< (C)
  VectorView<const T> beta;   ///< (C)
  double epsilon = kLayerNormEpsilon;
  MatrixView<T> y;          ///< (B,C)
  VectorView<double> mean;  ///< (B)
  VectorView<double> rstd;  ///< (B), 1 / sqrt(variance + epsilon)
};

/// With n = (x - mean) rstd and g = dy gamma:
/// dx = rstd (g - mean of g - n (mean of g n)), the means over a row;
/// dgamma and dbeta are the column sums of dy n and dy.
template <class T>
struct LayerNormBackward {
  MatrixView<const T> x;          ///< (B,C), C >= 1
  VectorView<const T> gamma;      ///< (C)
  VectorView<const double> mean;  ///< (B), of the forward
  VectorView<const double> rstd;  ///< (B), of the forward
  MatrixView<const T> dy;         ///< (B,C)
  MatrixView<T> dx{};             ///< (B,C) or null
  VectorView<T> dgamma{};         ///< (C) or null
  VectorView<T> dbeta{};          ///< (C) or null
};

/// T is float or double (cpu only). No output may share memory with another argument. The same bits
/// for every thread count. Throws std::invalid_argument naming the op and the shapes, or an epsilon
/// that is not positive and finite.
template <class T>
void layer_norm_forward(Stream& stream, const LayerNormForward<T>& op);
template <class T>
void layer_norm_backward(Stream& stream, const LayerNormBackward<T>& op);

}  // namespace gradvitals
