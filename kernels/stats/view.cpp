#include "kernels/stats/view.h"

namespace gradvitals {

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

}  // namespace gradvitals
