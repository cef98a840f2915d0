#include "python/src/status.h"

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace gradvitals::python {
namespace {

[[noreturn]] void raise(PyObject* type, const char* message) {
  PyErr_SetString(type, message);
  throw nb::python_error();
}

}  // namespace

void check(gradvitals_status status) {
  if (status == GRADVITALS_OK) return;
  const char* message = gradvitals_last_error();
  switch (status) {
    case GRADVITALS_INVALID_ARGUMENT:
      raise(PyExc_ValueError, message);
    case GRADVITALS_FILE_ERROR:
      raise(PyExc_OSError, message);
    case GRADVITALS_OUT_OF_MEMORY:
      raise(PyExc_MemoryError, message);
    default:
      throw GradvitalsError(message);
  }
}

}  // namespace gradvitals::python
