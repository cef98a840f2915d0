// One tensor of a file, whatever the format of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/runtime/dtype.h"

namespace gradvitals {

/// Dimensions that a reader accepts. NumPy's and PyTorch's limit (NumPy's was 32 before its version 2):
/// without one, a header of 100 MB is a shape of 50 million numbers.
inline constexpr std::size_t kMaxDimensions = 64;

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
