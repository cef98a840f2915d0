// Distinct names for the tensors of models that are examined together.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/stats/name.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// A name for each view, unique among the views of its role: its own name; if two models share names,
/// prefixed with the model's name ("Critic/dense/kernel"); remaining duplicates are numbered in their
/// scope from the second on, network by network ("dense#2/kernel").
/// A name that stays is the view's own, shared with it.
std::vector<Name> distinct_names(std::span<const TensorView> views);

/// "dense#2/kernel" of "dense/kernel" and 2.
std::string numbered_name(std::string_view name, int number);

}  // namespace gradvitals
