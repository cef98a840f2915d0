// A gradvitals_status as an exception of Python.
#pragma once

#include <stdexcept>

#include "bindings/c/gradvitals.h"

namespace gradvitals::python {

/// gradvitals.GradvitalsError.
struct GradvitalsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws what Python raises as ValueError, OSError, MemoryError or GradvitalsError, with
/// gradvitals_last_error(). Needs the GIL.
void check(gradvitals_status status);

}  // namespace gradvitals::python
