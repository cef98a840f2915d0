// Root causes: which findings are consequences of others.
#pragma once

#include <span>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// Whether the cause is about the network of the effect or about all: networks do not affect each
/// other.
bool may_explain(const Finding& cause, const Finding& effect);

/// Whether the cause is of the rule that the effect names, and may explain it.
bool is_named_cause(const Finding& cause, const Finding& effect);

/// Sets consequence_of of each finding that another one explains, directly or through other findings,
/// to the first such root. The order of findings does not matter: an effect may come before its cause.
void group_by_root_cause(std::span<Finding> findings);

}  // namespace gradvitals
