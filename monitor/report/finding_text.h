// One finding as lines of text.
#pragma once

#include <string>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// "R13 Zero or missing gradients: zero.weight", the tensor where it names one.
std::string finding_title(const Finding& finding);

/// "🚨 CRITICAL: R2 ...", with its line break.
std::string finding_headline(const Finding& finding);

/// "   value 0.241, limit 0.3, at dense/kernel" with its line break: what there is of it.
std::string finding_evidence(const Finding& finding);

/// Why a diagnosis is as severe as its `worst` finding where its `first`, which decides, is not:
/// " (R2 by itself is a warning; R4, which it explains, is critical)". Empty where it is.
std::string severity_origin(const Finding& first, const Finding& worst);

/// "   📝 ..." for each piece of advice.
std::string finding_advice(const Finding& finding);

}  // namespace gradvitals
