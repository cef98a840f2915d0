#include "python/src/tensor_address.h"

#include <algorithm>
#include <exception>
#include <string_view>

#include "python/src/python_text.h"

namespace nb = nanobind;

namespace gradvitals::python {
namespace {

/// Zero elements have no address of their own, and exist all the same.
constexpr char kNoElements = 0;

const DlpackExchangeApi* exchange_of(PyObject* type) {
  const nb::object capsule = nb::steal(PyObject_GetAttrString(type, DlpackExchangeApi::kAttribute));
  if (!capsule.is_valid()) {
    PyErr_Clear();
    return nullptr;
  }
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), DlpackExchangeApi::kCapsule);
  if (pointer == nullptr) PyErr_Clear();
  const auto* api = static_cast<const DlpackExchangeApi*>(pointer);
  while (api != nullptr && api->version.major != DlpackExchangeApi::kMajor) api = api->previous;
  return api != nullptr && api->borrow_from_object != nullptr ? api : nullptr;
}

/// Why PyTorch gives no address, as far as the tensor tells; else what it says.
std::string reason_without_address(PyObject* array, std::string said) {
  const std::string layout = text_of_attribute(array, "layout");
  if (!layout.empty() && layout != "torch.strided") return "sparse layout";
  const std::string device = text_of_attribute(array, "device");
  if (device.starts_with("meta")) return "meta device";
  return said.empty() ? "no address" : said;
}

bool set_dtype(const nb::dlpack::dtype& dtype, TensorAddress& address) {
  if (dtype.lanes != 1) return false;
  if (dtype.code == kDlpackBfloat && dtype.bits == 16) {
    address.dtype = GRADVITALS_BFLOAT16;
    return true;
  }
  if (dtype.code != kDlpackFloat) return false;
  switch (dtype.bits) {
    case 16:
      address.dtype = GRADVITALS_FLOAT16;
      return true;
    case 32:
      address.dtype = GRADVITALS_FLOAT32;
      return true;
    case 64:
      address.dtype = GRADVITALS_FLOAT64;
      return true;
    default:
      return false;
  }
}

bool set_device(std::int32_t type, std::int32_t index, TensorAddress& address) {
  address.device = type == kDlpackCuda ? GRADVITALS_CUDA : GRADVITALS_CPU;
  address.device_index = type == kDlpackCuda ? index : 0;
  return type == kDlpackCpu || type == kDlpackCuda || type == kDlpackCudaHost;
}

bool has_elements(const TensorAddress& address) {
  return std::all_of(address.shape, address.shape + address.dimensions,
                     [](std::int64_t size) { return size != 0; });
}

}  // namespace

AddressReader::~AddressReader() {
  release();
  for (const Kind& kind : kinds_) Py_DECREF(kind.type);
}

AddressReader::Kind AddressReader::kind_of(PyObject* array) {
  auto* type = reinterpret_cast<PyObject*>(Py_TYPE(array));
  if (last_kind_ < kinds_.size() && kinds_[last_kind_].type == type) return kinds_[last_kind_];
  for (last_kind_ = 0; last_kind_ < kinds_.size(); ++last_kind_) {
    if (kinds_[last_kind_].type == type) return kinds_[last_kind_];
  }
  Kind kind{.type = type, .way = Way::kOthers, .exchange = exchange_of(type)};
  if (kind.exchange != nullptr) {
    kind.way = Way::kExchange;
  } else if (PyObject_HasAttrString(type, "data_ptr") && PyObject_HasAttrString(type, "stride")) {
    kind.way = Way::kAttributes;
  }
  Py_INCREF(type);
  kinds_.push_back(kind);
  return kind;
}

void AddressReader::read(PyObject* array, TensorAddress& address) {
  address.problem.clear();
  const Kind kind = kind_of(array);
  switch (kind.way) {
    case Way::kExchange:
      read_exchange(kind, array, address);
      break;
    case Way::kAttributes:
      read_attributes(array, address);
      break;
    case Way::kOthers:
      read_others(array, address);
      break;
  }
  if (!address.problem.empty()) return;
  if (!has_elements(address)) {
    address.data = &kNoElements;
  } else if (address.data == nullptr) {
    address.problem = "null address (DTensor)";
    return;
  }
  Py_INCREF(array);
  held_.push_back(array);
}

void AddressReader::read_exchange(const Kind& kind, PyObject* array, TensorAddress& address) {
  nb::dlpack::dltensor tensor;
  if (kind.exchange->borrow_from_object(array, &tensor) != 0) {
    address.problem = reason_without_address(array, take_error_text());
    return;
  }
  set_from_dlpack(tensor, array, address);
  if (address.device == GRADVITALS_CUDA) last_exchange_ = kind.exchange;
}

void AddressReader::set_from_dlpack(const nb::dlpack::dltensor& tensor, PyObject* array,
                                    TensorAddress& address) {
  address.data =
      tensor.data == nullptr ? nullptr : static_cast<const char*>(tensor.data) + tensor.byte_offset;
  address.dimensions = tensor.ndim;
  address.shape = tensor.shape;
  address.strides = tensor.strides;
  if (!set_dtype(tensor.dtype, address)) {
    address.problem = "dtype " + dtype_name(array);
  } else if (!set_device(tensor.device.device_type, tensor.device.device_id, address)) {
    address.problem = "device " + text_of_attribute(array, "device");
  }
}

// Of PyTorch before 2.10.
void AddressReader::read_attributes(PyObject* array, TensorAddress& address) {
  try {
    const nb::handle tensor(array);
    const std::string layout = text_of_attribute(array, "layout");
    const std::string device = text_of_attribute(tensor.attr("device").ptr(), "type");
    if (layout != "torch.strided" || device == "meta") {
      address.problem = reason_without_address(array, {});
      return;
    }
    const std::string dtype = dtype_name(array);
    if (!set_dtype_by_name(dtype, address)) {
      address.problem = "dtype " + dtype;
      return;
    }
    if (device != "cpu" && device != "cuda") {
      address.problem = "device " + device;
      return;
    }
    address.device = device == "cuda" ? GRADVITALS_CUDA : GRADVITALS_CPU;
    address.device_index =
        device == "cuda" ? nb::cast<std::int32_t>(tensor.attr("device").attr("index")) : 0;
    shape_.clear();
    strides_.clear();
    for (nb::handle size : tensor.attr("shape")) shape_.push_back(nb::cast<std::int64_t>(size));
    for (nb::handle step : tensor.attr("stride")())
      strides_.push_back(nb::cast<std::int64_t>(step));
    address.dimensions = static_cast<int>(shape_.size());
    address.shape = shape_.data();
    address.strides = strides_.data();
    address.data = PyLong_AsVoidPtr(nb::object(tensor.attr("data_ptr")()).ptr());
    if (address.device == GRADVITALS_CUDA) last_exchange_ = nullptr;
  } catch (nb::python_error& error) {
    address.problem = reason_without_address(array, error_text(error));
  } catch (const std::exception& error) {
    address.problem = error.what();
  }
  PyErr_Clear();
}

void* AddressReader::stream_of(std::int32_t device_index) {
  void* stream = nullptr;
  if (last_exchange_ != nullptr) {
    if (last_exchange_->current_stream(kDlpackCuda, device_index, &stream) != 0) {
      nb::raise_python_error();
    }
    return stream;
  }
  const nb::dict modules = nb::borrow<nb::dict>(nb::module_::import_("sys").attr("modules"));
  if (!modules.contains("torch")) return nullptr;
  const nb::object current = modules["torch"].attr("cuda").attr("current_stream")(device_index);
  return PyLong_AsVoidPtr(nb::object(current.attr("cuda_stream")).ptr());
}

void AddressReader::release() {
  for (PyObject* array : held_) Py_DECREF(array);
  held_.clear();
  for (Py_buffer& buffer : buffers_) PyBuffer_Release(&buffer);
  buffers_.clear();
  imported_.clear();
}

}  // namespace gradvitals::python
