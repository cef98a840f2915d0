// Arrays that are not PyTorch's: the buffer protocol, __array_interface__, __dlpack__.
#include <nanobind/stl/string.h>

#include <bit>
#include <exception>
#include <string>
#include <string_view>

#include "python/src/python_text.h"
#include "python/src/tensor_address.h"

namespace nb = nanobind;

namespace gradvitals::python {
namespace {

static_assert(std::endian::native == std::endian::little, "'<' is taken for the native order");

enum class Format : std::uint8_t { kRead, kForeignOrder, kOther };

/// Of struct's format characters.
Format set_buffer_format(std::string_view format, TensorAddress& address) {
  if (format.size() == 2 && (format[0] == '>' || format[0] == '!')) return Format::kForeignOrder;
  if (format.size() == 2 && (format[0] == '@' || format[0] == '=' || format[0] == '<')) {
    format.remove_prefix(1);
  }
  if (format == "f") {
    address.dtype = GRADVITALS_FLOAT32;
  } else if (format == "d") {
    address.dtype = GRADVITALS_FLOAT64;
  } else if (format == "e") {
    address.dtype = GRADVITALS_FLOAT16;
  } else {
    return Format::kOther;
  }
  return Format::kRead;
}

}  // namespace

bool set_dtype_by_name(std::string_view name, TensorAddress& address) {
  if (name == "float32") {
    address.dtype = GRADVITALS_FLOAT32;
  } else if (name == "float64") {
    address.dtype = GRADVITALS_FLOAT64;
  } else if (name == "float16") {
    address.dtype = GRADVITALS_FLOAT16;
  } else if (name == "bfloat16") {
    address.dtype = GRADVITALS_BFLOAT16;
  } else {
    return false;
  }
  return true;
}

void AddressReader::read_others(PyObject* array, TensorAddress& address) {
  address.device = GRADVITALS_CPU;
  address.device_index = 0;
  try {
    const nb::handle given(array);
    // JAX computes behind the caller's back.
    if (nb::hasattr(given, "block_until_ready")) given.attr("block_until_ready")();
    if (read_buffer(array, address) || read_array_interface(array, address)) return;
    read_dlpack(array, address);
  } catch (nb::python_error& error) {
    address.problem = error_text(error);
  } catch (const std::exception& error) {
    address.problem = error.what();
  }
}

bool AddressReader::read_buffer(PyObject* array, TensorAddress& address) {
  Py_buffer buffer;
  if (PyObject_GetBuffer(array, &buffer, PyBUF_FORMAT | PyBUF_STRIDES) != 0) {
    PyErr_Clear();
    return false;
  }
  const std::string_view format = buffer.format == nullptr ? "B" : buffer.format;
  const Format found = set_buffer_format(format, address);
  if (found != Format::kRead) {
    PyBuffer_Release(&buffer);
    if (found == Format::kOther && nb::hasattr(array, "__array_interface__")) return false;
    const std::string dtype = dtype_name(array);
    address.problem = found == Format::kForeignOrder
                          ? "byte order of another machine"
                          : "dtype " + (dtype.empty() ? std::string(format) : dtype);
    return true;
  }
  buffers_.push_back(buffer);
  address.data = buffer.buf;
  address.dimensions = buffer.ndim;
  shape_.assign(buffer.shape, buffer.shape + buffer.ndim);
  address.shape = shape_.data();
  address.strides = nullptr;
  if (buffer.strides == nullptr) return true;  // ctypes leaves them out.
  set_strides_of_bytes(buffer.strides, buffer.itemsize, address);
  return true;
}

// NumPy has no buffer of ml_dtypes' bfloat16.
bool AddressReader::read_array_interface(PyObject* array, TensorAddress& address) {
  const nb::handle given(array);
  if (!nb::hasattr(given, "__array_interface__")) return false;
  const std::string dtype = dtype_name(array);
  if (!set_dtype_by_name(dtype, address)) {
    address.problem = "dtype " + dtype;
    return true;
  }
  const nb::dict interface = nb::cast<nb::dict>(given.attr("__array_interface__"));
  if (nb::cast<std::string>(interface["typestr"]).starts_with('>')) {
    address.problem = "byte order of another machine";
    return true;
  }
  address.data = PyLong_AsVoidPtr(nb::object(interface["data"][0]).ptr());
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
  shape_.clear();
  for (nb::handle size : nb::object(interface["shape"])) {
    shape_.push_back(nb::cast<std::int64_t>(size));
  }
  address.dimensions = static_cast<int>(shape_.size());
  address.shape = shape_.data();
  address.strides = nullptr;
  const nb::object strides =
      interface.contains("strides") ? nb::object(interface["strides"]) : nb::none();
  if (strides.is_none()) return true;
  std::vector<Py_ssize_t> bytes;
  for (nb::handle step : strides) bytes.push_back(nb::cast<Py_ssize_t>(step));
  set_strides_of_bytes(bytes.data(), nb::cast<Py_ssize_t>(given.attr("itemsize")), address);
  return true;
}

void AddressReader::read_dlpack(PyObject* array, TensorAddress& address) {
  nb::ndarray<nb::ro> imported;
  if (!nb::try_cast(nb::handle(array), imported, false)) {
    PyErr_Clear();
    const std::string dtype = dtype_name(array);
    address.problem = dtype.empty() || set_dtype_by_name(dtype, address)
                          ? std::string("no array: it has neither a buffer nor __dlpack__")
                          : "dtype " + dtype;
    return;
  }
  nb::dlpack::dltensor tensor;
  tensor.data = const_cast<void*>(imported.data());
  tensor.device = {imported.device_type(), imported.device_id()};
  tensor.ndim = static_cast<std::int32_t>(imported.ndim());
  tensor.dtype = imported.dtype();
  tensor.shape = const_cast<std::int64_t*>(imported.shape_ptr());
  tensor.strides = const_cast<std::int64_t*>(imported.stride_ptr());
  set_from_dlpack(tensor, array, address);
  imported_.push_back(std::move(imported));
}

void AddressReader::set_strides_of_bytes(const Py_ssize_t* strides, Py_ssize_t item_size,
                                         TensorAddress& address) {
  strides_.clear();
  for (int i = 0; i < address.dimensions; ++i) {
    if (strides[i] % item_size != 0) {
      address.problem = "strides that are no multiple of its elements";
      return;
    }
    strides_.push_back(strides[i] / item_size);
  }
  address.strides = strides_.data();
}

}  // namespace gradvitals::python
