// Dispatch from a run-time dtype to the template parameter of ops. Private to framework/.
#pragma once

#include <stdexcept>
#include <string>

#include "kernels/runtime/dtype.h"

namespace gradvitals {

/// Calls body.operator()<T>() with float or double: `dispatch("add", dtype, [&]<class T>() { ...
/// })`. Throws std::invalid_argument naming the op for any other dtype.
template <class Body>
void dispatch(const char* op, DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat32:
      body.template operator()<float>();
      return;
    case DType::kFloat64:
      body.template operator()<double>();
      return;
    case DType::kFloat16:
    case DType::kBFloat16:
      break;
  }
  throw std::invalid_argument(std::string(op) + ": cannot compute in " + std::string(name(dtype)));
}

}  // namespace gradvitals
