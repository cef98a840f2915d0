#include "python/src/python_text.h"

#include <nanobind/stl/string.h>

namespace nb = nanobind;

namespace gradvitals::python {

std::string text_of_attribute(PyObject* object, const char* attribute) {
  const nb::object value = nb::steal(PyObject_GetAttrString(object, attribute));
  const nb::object text = value.is_valid() ? nb::steal(PyObject_Str(value.ptr())) : nb::object();
  std::string result;
  if (text.is_valid()) {
    Py_ssize_t length = 0;
    const char* characters = PyUnicode_AsUTF8AndSize(text.ptr(), &length);
    if (characters != nullptr) result.assign(characters, static_cast<std::size_t>(length));
  }
  PyErr_Clear();
  return result;
}

std::string dtype_name(PyObject* array) {
  std::string name = text_of_attribute(array, "dtype");
  if (name.starts_with("<dtype: '") && name.ends_with("'>")) {  // TensorFlow's.
    return name.substr(9, name.size() - 11);
  }
  return name.substr(name.rfind('.') + 1);
}

std::string error_text(const nb::python_error& error) {
  const std::string type = text_of_attribute(error.type().ptr(), "__name__");
  const nb::object text = nb::steal(PyObject_Str(error.value().ptr()));
  PyErr_Clear();
  if (!text.is_valid()) return type;
  const std::string said = nb::cast<std::string>(text);
  return type + ": " + said.substr(0, said.find('\n'));
}

std::string take_error_text() {
  if (PyErr_Occurred() == nullptr) return {};
  const nb::python_error error;
  return error_text(error);
}

}  // namespace gradvitals::python
