#include "kernels/stats/view.h"

#include <tuple>

namespace gradvitals {
namespace {

/// All members but the data, by reference: a copy of 600 views a step would cost more than to
/// compare them. A member that TensorView gains does not compile here until it is named.
auto without_data(const TensorView& view) {
  const auto& [name, model, role, layer, network, data, count, rows, cols, rank, unit_axis,
               channels, dtype, device, activation] = view;
  return std::tie(name, model, role, layer, network, count, rows, cols, rank, unit_axis, channels,
                  dtype, device, activation);
}

}  // namespace

std::string_view scope_of(std::string_view name) {
  return name.substr(0, name.find_last_of("/."));
}

std::string_view name(Role role) {
  switch (role) {
    case Role::kGradient:
      return "gradient";
    case Role::kWeight:
      return "weight";
    case Role::kPreActivation:
      return "pre_activation";
    case Role::kOutput:
      return "output";
    case Role::kDelta:
      return "delta";
    case Role::kLoss:
      return "loss";
    case Role::kUpdate:
      return "update";
    case Role::kUpdateSquares:
      return "update_squares";
  }
  return "unknown";
}

bool is_same_but_for_data(const TensorView& a, const TensorView& b) {
  return without_data(a) == without_data(b);
}

}  // namespace gradvitals
