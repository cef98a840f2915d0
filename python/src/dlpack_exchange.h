// The part of DLPack 1.3 by which a framework tells where its arrays lie, without a call into
// Python. Source: https://github.com/dmlc/dlpack/blob/v1.3/include/dlpack/dlpack.h
#pragma once

#include <nanobind/ndarray.h>

#include <cstdint>

namespace gradvitals::python {

// DLDeviceType and DLDataTypeCode.
inline constexpr std::int32_t kDlpackCpu = 1;
inline constexpr std::int32_t kDlpackCuda = 2;
inline constexpr std::int32_t kDlpackCudaHost = 3;
inline constexpr std::uint8_t kDlpackFloat = 2;
inline constexpr std::uint8_t kDlpackBfloat = 4;

struct DlpackVersion {
  std::uint32_t major;
  std::uint32_t minor;
};

/// At `type.__dlpack_c_exchange_api__`, in a capsule of the name below. It lives as long as the
/// process.
struct DlpackExchangeApi {
  static constexpr const char* kAttribute = "__dlpack_c_exchange_api__";
  static constexpr const char* kCapsule = "dlpack_exchange_api";
  static constexpr std::uint32_t kMajor = 1;

  DlpackVersion version;
  DlpackExchangeApi* previous;
  void* allocate;
  void* managed_from_object;
  void* managed_to_object;
  /// Borrows from the object. May be null. -1: a Python error is set.
  int (*borrow_from_object)(void* object, nanobind::dlpack::dltensor* out);
  int (*current_stream)(std::int32_t device_type, std::int32_t device_id, void** out);
};

}  // namespace gradvitals::python
