// Where an array of any framework lies in memory.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/gradvitals.h"
#include "python/src/dlpack_exchange.h"

namespace gradvitals::python {

/// What is known of an array. The pointers hold until the reader reads the next one.
struct TensorAddress {
  const void* data = nullptr;  ///< Never null where there is no problem.
  int dimensions = 0;
  const std::int64_t* shape = nullptr;
  const std::int64_t* strides = nullptr;  ///< In elements; null: the last dimension varies fastest.
  gradvitals_dtype dtype = GRADVITALS_FLOAT32;
  gradvitals_device device = GRADVITALS_CPU;
  std::int32_t device_index = 0;
  std::string problem{};  ///< Why it cannot be read; empty: it can.
};

/// Whether `name` is a dtype that is read: "float32", ...
bool set_dtype_by_name(std::string_view name, TensorAddress& address);

/// Finds arrays of PyTorch by DLPack's C exchange API (0.1 us), or by their attributes where that
/// is missing; NumPy's and others' by the buffer protocol or __array_interface__; all else by
/// __dlpack__. What it found stays alive until release(). Every call needs the GIL.
class AddressReader {
 public:
  AddressReader() = default;
  ~AddressReader();
  AddressReader(const AddressReader&) = delete;
  AddressReader& operator=(const AddressReader&) = delete;

  /// `array` is not None. Raises nothing: what cannot be read has a problem.
  void read(PyObject* array, TensorAddress& address);

  /// The stream on which the framework of the arrays that were read last issues work for this GPU;
  /// null: the default one.
  void* stream_of(std::int32_t device_index);

  /// Lets go of all that was read.
  void release();

 private:
  enum class Way : std::uint8_t { kExchange, kAttributes, kOthers };

  struct Kind {
    PyObject* type;  ///< Owned.
    Way way;
    const DlpackExchangeApi* exchange;
  };

  Kind kind_of(PyObject* array);
  void read_exchange(const Kind& kind, PyObject* array, TensorAddress& address);
  void read_attributes(PyObject* array, TensorAddress& address);
  void read_others(PyObject* array, TensorAddress& address);
  bool read_buffer(PyObject* array, TensorAddress& address);
  bool read_array_interface(PyObject* array, TensorAddress& address);
  void read_dlpack(PyObject* array, TensorAddress& address);
  void set_from_dlpack(const nanobind::dlpack::dltensor& tensor, PyObject* array,
                       TensorAddress& address);
  void set_strides_of_bytes(const Py_ssize_t* strides, Py_ssize_t item_size,
                            TensorAddress& address);

  std::vector<Kind> kinds_;
  std::size_t last_kind_ = 0;
  const DlpackExchangeApi* last_exchange_ = nullptr;  ///< Of the array on a GPU that was read last.
  std::vector<PyObject*> held_;
  std::vector<Py_buffer> buffers_;
  std::vector<nanobind::ndarray<nanobind::ro>> imported_;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> strides_;
};

}  // namespace gradvitals::python
