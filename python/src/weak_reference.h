// What a weak reference of Python refers to.
#pragma once

#include <nanobind/nanobind.h>

namespace gradvitals::python {

/// Invalid where it is gone. `reference` is a weakref.ref.
inline nanobind::object referent(PyObject* reference) {
#if !defined(Py_LIMITED_API) && PY_VERSION_HEX >= 0x030D0000
  PyObject* object = nullptr;
  if (PyWeakref_GetRef(reference, &object) < 0) throw nanobind::python_error();
  return nanobind::steal(object);
#else
  PyObject* object = PyWeakref_GetObject(reference);
  if (object == nullptr) throw nanobind::python_error();
  return object == Py_None ? nanobind::object() : nanobind::borrow(object);
#endif
}

}  // namespace gradvitals::python
