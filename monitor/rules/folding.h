// Folding: which findings are consequences of which.
#pragma once

#include <span>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// Sets consequence_of: each finding that another one explains, directly or through others that
/// fired, names the first root that does. Causes come before precedence: a finding may stand before
/// what explains it.
void fold_consequences(std::span<Finding> findings);

}  // namespace gradvitals
