// IDX: the format of the MNIST files, plain or compressed.
// Format: https://yann.lecun.com/exdb/mnist (big-endian)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gradvitals {

/// An array of any rank, row-major. Every element type of the format is exact in float64.
struct IdxArray {
  std::vector<std::int64_t> shape;  ///< At least one dimension.
  std::vector<double> values;
};

/// Parses a whole file that lies in memory: unsigned and signed bytes, 16- and 32-bit integers,
/// float32 and float64. `path` is for messages. Throws InputError naming the path and the byte or
/// field for a wrong magic number, an unknown type, no dimensions, and for data that is longer or
/// shorter than the dimensions claim.
IdxArray parse_idx(std::span<const std::byte> file, const std::string& path);

}  // namespace gradvitals
