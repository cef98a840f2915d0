#include "kernels/runtime/matrix_view.h"

#include <fmt/format.h>

namespace gradvitals {

std::string shape_text(std::int64_t rows, std::int64_t cols) {
  return fmt::format("({}, {})", rows, cols);
}

std::string shape_text(std::int64_t count) {
  return fmt::format("({},)", count);
}

}  // namespace gradvitals
