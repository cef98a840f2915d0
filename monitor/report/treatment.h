// Texts and JSON of what a treatment has done.
#pragma once

#include <string>

#include "monitor/treatment/treatment.h"

namespace gradvitals {

/// One line for people: "ℹ️ INFO: step 12: Skipped: gradients are not finite."
std::string treatment_text(const TreatmentEvent& event);

/// A line of a history: {"event": "treatment", "step", "kind", "before", "after", "text"}, with null for
/// what is not finite.
std::string treatment_json(const TreatmentEvent& event);

/// "3 steps clipped, 1 step skipped, the learning rate cut once"
std::string treatment_summary(const TreatmentCounts& counts);

}  // namespace gradvitals
