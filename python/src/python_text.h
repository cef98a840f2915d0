// Texts from Python objects, for messages. Each needs the GIL, and leaves no Python error set.
#pragma once

#include <nanobind/nanobind.h>

#include <string>

namespace gradvitals::python {

/// str() of an attribute; "" where there is none.
std::string text_of_attribute(PyObject* object, const char* attribute);
/// "float32" of PyTorch's, NumPy's and JAX' arrays; "" of what has no dtype.
std::string dtype_name(PyObject* array);
/// The first line of what an error says, behind its type.
std::string error_text(const nanobind::python_error& error);
/// The same of the error that is set; "" where none is.
std::string take_error_text();

}  // namespace gradvitals::python
