// Root causes: which findings are consequences of which.
#pragma once

#include <span>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// Whether both are about one network, or the cause is about all: one network's fault is none of
/// another's.
bool may_explain(const Finding& cause, const Finding& effect);

/// Sets consequence_of: each finding that another one explains, directly or through others that
/// fired, names the first root that does. Causes come before precedence: a finding may stand before
/// what explains it.
void group_by_root_cause(std::span<Finding> findings);

}  // namespace gradvitals
