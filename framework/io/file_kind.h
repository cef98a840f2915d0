// File formats, recognised by the first bytes and never by the name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gradvitals {

/// Of UTF-8: a text may begin with it.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

enum class FileKind : std::uint8_t {
  kEmpty,
  kSafetensors,  ///< A length and an opening brace.
  kNpy,
  kZip,  ///< NumPy's .npz, and what others keep in zip archives.
  kGzip,
  kShardIndex,  ///< JSON with a "weight_map".
  kJson,        ///< Text that begins with a brace or bracket; JSON lines too.
  kText,        ///< Any other text: CSV, say.
  kBinary,      ///< None of these.
};

FileKind kind_of(std::span<const std::byte> file);

/// The bytes of a file as characters.
std::string_view as_text(std::span<const std::byte> bytes);

}  // namespace gradvitals
