// Findings under what explains them. Internal.
#pragma once

#include <span>
#include <vector>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// A root cause and what it explains.
struct CauseGroup {
  const Finding* root;
  std::vector<const Finding*> consequences;
};

/// Every finding once: a consequence goes under the first cause with the rule it names, and stands
/// for itself where there is none. The pointers point into `findings`.
std::vector<CauseGroup> group_by_cause(std::span<const Finding> findings);

}  // namespace gradvitals
