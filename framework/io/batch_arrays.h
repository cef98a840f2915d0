// The arrays x and y of a data file in any supported format. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gradvitals {

struct BatchArray {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;  ///< Row-major.
};

struct BatchArrays {
  BatchArray x;
  BatchArray y;
};

/// Reads safetensors, plain or gzip, or NumPy's .npz. y may be of integers or booleans, as labels
/// are. Throws InputError naming the file and the array where x or y is missing or of a type that
/// is not read, or where another array is there (one of another type is passed over).
BatchArrays read_batch_arrays(const std::string& path);

}  // namespace gradvitals
