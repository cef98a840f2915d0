// Parameter updates. Each also reports the size of the applied step, for the update-to-weight ratio.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;
struct TensorStats;

/// Clips or skips an update. It is evaluated on the device: the host does not wait, and a captured step
/// (graph.h) decides anew in each launch.
struct UpdateGuard {
  /// (1), of all gradients of the step together: the last record of tensor_stats. Null: every
  /// gradient is applied as it is.
  const TensorStats* gradients = nullptr;
  /// Clips gradients by their global norm: g becomes g * min(1, max_norm / norm), with the norm of the
  /// finite elements.
  double max_norm = std::numeric_limits<double>::infinity();
  /// Skips the update, of weights and state, if any gradient of the step has NaN or Inf.
  bool skips_nonfinite = true;
};

/// w -= learning_rate * g
template <class T>
struct SgdUpdate {
  VectorView<const T> gradient;  ///< (N)
  VectorView<T> weight;          ///< (N)
  double learning_rate = 0.01;
  /// (1), float64: sum over the tensor of (w_after - w_before)^2 as stored, or null.
  VectorView<double> update_sum_squares;
  UpdateGuard guard{};
};

/// v = momentum * v - learning_rate * g;  w += v, or w += momentum * v - learning_rate * g with
/// nesterov (Keras' SGD).
template <class T>
struct MomentumUpdate {
  VectorView<const T> gradient;  ///< (N)
  VectorView<T> weight;          ///< (N)
  VectorView<T> velocity;        ///< (N), zero before the first step
  double learning_rate = 0.01;
  double momentum = 0.9;
  bool nesterov = false;
  VectorView<double> update_sum_squares;  ///< As in SgdUpdate.
  UpdateGuard guard{};
};

/// Adam with bias correction: m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;
/// w -= learning_rate * (m / (1 - b1^step)) / (sqrt(v / (1 - b2^step)) + epsilon)
/// Source: Kingma and Ba 2015, algorithm 1.
template <class T>
struct AdamUpdate {
  VectorView<const T> gradient;  ///< (N)
  VectorView<T> weight;          ///< (N)
  VectorView<T> first_moment;    ///< (N), zero before the first step
  VectorView<T> second_moment;   ///< (N), zero before the first step
  /// (1), the updates applied before, on the device; the update adds one. `step` is that.
  VectorView<std::int64_t> steps;
  double learning_rate = 0.001;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  VectorView<double> update_sum_squares;  ///< As in SgdUpdate.
  UpdateGuard guard{};
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op, the shapes or the
/// setting out of range.
template <class T>
void sgd_update(Stream& stream, const SgdUpdate<T>& op);
template <class T>
void momentum_update(Stream& stream, const MomentumUpdate<T>& op);
template <class T>
void adam_update(Stream& stream, const AdamUpdate<T>& op);

}  // namespace gradvitals
