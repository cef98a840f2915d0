// The JSON header of a safetensors file, before its numbers are checked against the file. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/runtime/dtype.h"

namespace gradvitals {

/// Bytes of a file before its JSON: the length of the JSON.
inline constexpr std::size_t kSafetensorsLengthBytes = 8;
inline constexpr std::string_view kMetadataKey = "__metadata__";

/// What the header says about one tensor. Nothing is known yet about whether it can be true.
struct SafetensorsClaim {
  std::string name;
  std::string dtype_name;      ///< As the file has it.
  std::optional<DType> dtype;  ///< Empty for a type that is not read.
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  ///< Bytes from the end of the header.
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsClaim> tensors;  ///< In the header's order, no name twice.
  std::map<std::string, std::string> metadata;
};

/// Throws InputError: the file does not begin as the format does.
[[noreturn]] void refuse_as_no_safetensors(const std::string& path);

/// Throws InputError naming `path` and the tensor and field, or the byte, at fault.
SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& path);

}  // namespace gradvitals
