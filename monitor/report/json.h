// JSON writers: schemas "gradvitals.diagnosis/1" and "gradvitals.comparison/1".
#pragma once

#include <span>
#include <string>

#include "monitor/report/network_report.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {

/// One network. ASCII only, indented by two spaces, ending with a line break; keys in the order of
/// the schema, numbers in a form that reads back to the same bits, null for what is not finite or
/// has no value. Bytes of a name that are no UTF-8 become U+FFFD. The same input gives the same
/// bytes.
std::string diagnosis_json(const NetworkReport& network);

/// Several networks: each element of "networks" is what diagnosis_json() writes.
std::string comparison_json(std::span<const NetworkReport> networks);

/// The same for the steps of one run, with what they show together in "run".
std::string run_json(std::span<const NetworkReport> networks, const RunDiagnosis& run);

}  // namespace gradvitals
