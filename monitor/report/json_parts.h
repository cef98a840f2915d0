// Parts that several JSON documents share. Internal.
#pragma once

#include "monitor/metrics/vital_signs.h"
#include "monitor/report/json_writer.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

Json vital_signs_json(const VitalSigns& signs);
Json finding_json(const Finding& finding);

}  // namespace gradvitals
