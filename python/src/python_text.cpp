#include "python/src/python_text.h"

#include <cstddef>

namespace nb = nanobind;

namespace gradvitals::python {
namespace {

/// str() of the object; "" where it has none, or none that UTF-8 can say.
std::string text_of(const nb::object& object) {
  const nb::object text = object.is_valid() ? nb::steal(PyObject_Str(object.ptr())) : nb::object();
  std::string result;
  if (text.is_valid()) {
    Py_ssize_t length = 0;
    const char* characters = PyUnicode_AsUTF8AndSize(text.ptr(), &length);
    if (characters != nullptr) result.assign(characters, static_cast<std::size_t>(length));
  }
  PyErr_Clear();
  return result;
}

}  // namespace

std::string text_of_attribute(PyObject* object, const char* attribute) {
  return text_of(nb::steal(PyObject_GetAttrString(object, attribute)));
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
  const std::string said = text_of(nb::borrow(error.value()));
  return said.empty() ? type : type + ": " + said.substr(0, said.find('\n'));
}

std::string take_error_text() {
  if (PyErr_Occurred() == nullptr) return {};
  const nb::python_error error;
  return error_text(error);
}

}  // namespace gradvitals::python
