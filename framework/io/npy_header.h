// The header of a .npy file: a dictionary as Python writes it. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// What the dictionary says. Nothing is known yet about whether it can be true.
struct NpyHeader {
  std::string descr;  ///< The type: "<f4".
  /// The type is a list of fields; `descr` is then empty.
  bool is_structured = false;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

/// `where` as for parse_npy(). Throws InputError naming the key or the character at fault.
NpyHeader parse_npy_header(std::string_view text, const std::string& path,
                           const std::string& where);

}  // namespace gradvitals
