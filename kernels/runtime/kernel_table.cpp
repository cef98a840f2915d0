#include "kernels/runtime/kernel_table.h"

#include <fmt/format.h>

#include "kernels/runtime/validate.h"

namespace gradvitals {

void refuse_missing_kernel(std::string_view op, DeviceType device, bool is_float64) {
  if (is_float64) {
    validate::fail(op, fmt::format("float64 is not computed on device {}, use cpu", name(device)));
  }
  validate::fail(op, fmt::format("it is not computed on device {}", name(device)));
}

}  // namespace gradvitals
