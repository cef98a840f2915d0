// Parameter updates. Each also reports the size of the applied step, for the update-to-weight ratio.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;
struct TensorStats;

/// Numbers of an update that change from step to step, in device memory, so that a captured step
/// (graph.h) takes new ones: copy_to_device() before its launch.
struct UpdateControl {
  double learning_rate;
  double max_norm = std::numeric_limits<double>::infinity();
  double skip_above_norm = std::numeric_limits<double>::infinity();
};

/// Clips or skips an update. It is evaluated on the device: the host does not wait, and a captured step
/// (graph.h) decides anew in each launch. An update that is skipped changes neither weights nor state,
/// does not count as a step, and has an update_sum_squares of 0.
struct UpdateGuard {
  /// (1), of all gradients of the step together: the last record of tensor_stats. Null: every
  /// gradient is applied as it is.
  const TensorStats* gradients = nullptr;
  /// Clips gradients by their global norm: g becomes g * min(1, max_norm / norm), with the norm of the
  /// finite elements. Positive.
  double max_norm = std::numeric_limits<double>::infinity();
  /// Skips the update if any gradient of the step has NaN or Inf. Without it they enter weights and
  /// state of their elements, and both norm limits look at the finite elements alone: infinite
  /// gradients are then no reason to skip.
  bool skips_nonfinite = true;
  /// Skips the update if the global norm, that of max_norm, is larger than this. Positive.
  double skip_above_norm = std::numeric_limits<double>::infinity();
  /// (1), on the device; needs `gradients`. If given, its numbers take the places of the op's
  /// learning_rate and of the two limits above. What would be refused on the host, a learning rate that
  /// is not finite or a limit that is not positive, skips the update.
  const UpdateControl* control = nullptr;
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
///      + learning_rate * weight_decay * w
/// Sources: Kingma and Ba 2015, algorithm 1; the decay, Loshchilov and Hutter 2019, algorithm 2, with the
/// learning rate in both terms as in PyTorch's AdamW.
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
  double weight_decay = 0.0;              ///< Not negative. Clipping leaves the decay as it is.
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
