// Distinct names: what tensors are called where models that are examined together share names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/stats/name.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// A name for each view, which no two views of one role share. That is its own name; where two
/// models use one name, all are preceded by their model's ("Critic/dense/kernel"), and what is the
/// same even then is numbered from its second on, network by network, in its scope
/// ("dense#2/kernel"). A name that stays is the view's own, shared with it.
std::vector<Name> distinct_names(std::span<const TensorView> views);

/// "dense#2/kernel" of "dense/kernel" and 2.
std::string numbered_name(std::string_view name, int number);

}  // namespace gradvitals
