// Folding: which findings are consequences of which.
#pragma once

#include <span>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// Sets consequence_of: each finding that an earlier one explains, directly or through others that
/// fired, names the earliest root that does. The first finding is always a root.
void fold_consequences(std::span<Finding> findings);

}  // namespace gradvitals
