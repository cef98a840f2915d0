// One tensor of a file, whatever the format of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/runtime/dtype.h"

namespace gradvitals {

/// One tensor of a file: a name, a type and a non-owning view of its bytes. Little-endian,
/// row-major.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> shape;  ///< Empty for a scalar.
  std::int64_t count = 0;           ///< Elements: the product of the shape, 1 for a scalar.
  std::span<const std::byte> bytes;
};

}  // namespace gradvitals
