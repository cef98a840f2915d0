// The option --treat: what may be done about a training.
#pragma once

#include <string>
#include <string_view>

#include "monitor/treatment/treatment.h"

namespace gradvitals::app {

/// "clip,skip,lr": any of them, with commas in between. Throws std::invalid_argument quoting what is
/// none of them, or is there twice.
TreatmentOptions parse_treatments(std::string_view words);

bool treats(const TreatmentOptions& options);

/// "clip to norm 1, skip steps that are not finite or spikes"; empty where nothing may be done.
std::string summary(const TreatmentOptions& options);

}  // namespace gradvitals::app
