// Parts of a tracker's saved state: episodes, events, vital signs. Internal.
#pragma once

#include "monitor/metrics/vital_signs.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/trajectory/saved_state.h"

namespace gradvitals {

// Each of the load functions takes what the save function before it gives, and throws
// std::invalid_argument as SavedObject does.

StateJson save_episode(const Episode& episode);
Episode load_episode(const SavedObject& saved);

StateJson save_event(const HealthEvent& event);
HealthEvent load_event(const SavedObject& saved);

StateJson save_vital_signs(const VitalSigns& signs);
VitalSigns load_vital_signs(const SavedObject& saved);

}  // namespace gradvitals
