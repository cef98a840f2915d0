// Tensors of the user's own, which are measured in the place of those that this program knows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/runtime/dtype.h"

namespace gradvitals {

/// What one case is about: the tensors of one type.
struct OwnShapes {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> counts;  ///< Elements of each tensor.
};

/// Those in `path`, where suite.py writes what --shapes names: a case a line, as
/// "NAME F32 COUNT COUNT ...". Throws std::runtime_error naming file and line.
std::vector<OwnShapes> read_own_shapes(const std::string& path);

/// Those in the file that GRADVITALS_BENCH_SHAPES names; none where it is not set.
std::vector<OwnShapes> own_shapes();

}  // namespace gradvitals
