// NumPy's .npy and .npz: one array, and a zip archive of such. Internal.
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/io/byte_store.h"
#include "framework/io/safetensors.h"
#include "framework/io/tensor_entry.h"

namespace gradvitals {

/// dtype_name of arrays that hold no numbers.
inline constexpr std::string_view kNpyObjects = "Python objects", kNpyRecords = "records";

/// One array as its header describes it; nothing of it has been copied.
struct NpyArray {
  std::string dtype_name;      ///< As NumPy prints it where that is a word: "int64"; else "<U5".
  std::optional<DType> dtype;  ///< Empty for a type that is not read.
  bool is_big_endian = false;
  bool is_fortran_order = false;
  std::vector<std::int64_t> shape;
  std::int64_t count = 0;
  std::span<const std::byte> bytes;  ///< What follows the header.
};

/// Versions 1, 2 and 3. `where` stands in messages before what is wrong: "" or the entry of an
/// archive. Throws InputError naming path and byte or field for what the format does not allow, for
/// bytes that do not fit shape and type, and for |V2, NumPy's type of bfloat16 arrays: passing it over
/// might silently drop all gradients. Of a structured array only dtype_name is set.
NpyArray parse_npy(std::span<const std::byte> file, const std::string& path,
                   const std::string& where = "");

/// The array as a tensor, little-endian and row-major: in place where it is so already and aligned,
/// else in a block of `store`. The dtype must be one that is read.
SafetensorsEntry entry_of(const NpyArray& array, std::string name, ByteStore& store);

/// Every array of an archive as a tensor named after its entry, in the order of the archive. Arrays
/// of another type (Python objects and records included) and entries that are no arrays are left
/// out. Throws InputError as parse_zip(), zip_content() and parse_npy() do, where there is no
/// array or a name stands twice, and where the entries decompress to more than `max_bytes` together.
SafetensorsContents parse_npz(std::span<const std::byte> archive, const std::string& path,
                              std::int64_t max_bytes, ByteStore& store);

}  // namespace gradvitals
