// TensorView: a non-owning view of a tensor, with its role in the network.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/runtime/device.h"
#include "kernels/runtime/dtype.h"
#include "kernels/stats/activation_type.h"
#include "kernels/stats/name.h"

namespace gradvitals {

/// The role of a tensor in its network.
enum class Role : std::uint8_t {
  kGradient,       ///< dL/dp of a trainable parameter p
  kWeight,         ///< the parameter itself
  kPreActivation,  ///< z = xW + b, shape (B,O)
  kOutput,         ///< a = activation(z), shape (B,O)
  kDelta,          ///< dL/dz, shape (B,O)
  kLoss,           ///< L, one element
  kUpdate,         ///< what a step added to a parameter, of the parameter's name and shape
  kUpdateSquares,  ///< the same as the sum of its squares, one element: Updates of an optimizer
};

/// Which dimension of a kernel counts its units: the last of an (in,out) kernel as Keras has it,
/// the first of an (out,in) weight as PyTorch has it.
enum class UnitAxis : std::uint8_t { kUnknown, kRows, kCols };

/// "gradient", "weight", "pre_activation", "output", "delta", "loss", "update" or "update_squares".
std::string_view name(Role role);

/// What a tensor belongs to: the text before the last '/' or '.' of its name, or the whole name.
/// "dense" of Keras' "dense/kernel", "layers.0" of PyTorch's "layers.0.weight".
std::string_view scope_of(std::string_view name);

/// A tensor to be watched. Shares ownership of its names, but does not own `data`, which must
/// outlive its use: that of a tape's views ends at the next backward, reset or reallocation. Any
/// trainer can fill these. Keep a Name for each tensor, or watch() once and set_data() in each step
/// (gradient_monitor.h): a name that is made from a std::string allocates a copy of it.
struct TensorView {
  Name name;
  Name model{};  ///< Of the model it belongs to, if any: it tells namesakes apart.
  Role role = Role::kGradient;
  int layer = -1;   ///< 0 for the layer nearest the input; -1 where unknown.
  int network = 0;  ///< Which of the networks that are watched together: any number, the same for
                    ///< all layers that one gradient passes through; -1 where unknown.
  const void* data = nullptr;  ///< null: the tensor does not exist (a parameter without gradient).
  std::int64_t count = 0;      ///< Elements.
  std::int64_t rows = 0;       ///< B of a (B,O) tensor, in of a kernel, 1 of a vector.
  std::int64_t cols = 0;       ///< rows * cols == count
  int rank = 2;  ///< Dimensions of the tensor itself: 1 for a bias, 4 for a convolution.
  UnitAxis unit_axis = UnitAxis::kUnknown;  ///< Of a kernel or its gradient, where known.
  /// Of the same, the dimension beside that of the units: 64 of a (128,64,3,3) or (3,3,64,128)
  /// convolution, in of a dense kernel; 0 where not known.
  std::int64_t channels = 0;
  DType dtype = DType::kFloat32;
  Device device{};
  Activation activation = Activation::kNone;  ///< Of the layer it belongs to, where known.

  /// Of all members: names by their text, data by its address.
  bool operator==(const TensorView&) const = default;
};

/// Whether they are equal in all members but `data`.
bool is_same_but_for_data(const TensorView& a, const TensorView& b);

}  // namespace gradvitals
