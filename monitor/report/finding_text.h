// One finding as lines of text.
#pragma once

#include <string>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// "🚨 CRITICAL: R2 ...", with its line break.
std::string finding_headline(const Finding& finding);

/// "   value 0.241, limit 0.3, at dense/kernel" with its line break: what there is of it.
std::string finding_evidence(const Finding& finding);

/// "   📝 ..." for each piece of advice.
std::string finding_advice(const Finding& finding);

}  // namespace gradvitals
