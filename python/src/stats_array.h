// Statistics as an array of NumPy, which is imported when one is asked for.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

#include "bindings/c/gradvitals.h"

namespace gradvitals::python {

/// A structured array of (records.size(),) with the members of gradvitals_tensor_stats as fields.
nanobind::object stats_array(const std::vector<gradvitals_tensor_stats>& records);

}  // namespace gradvitals::python
