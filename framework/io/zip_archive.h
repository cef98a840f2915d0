// Zip archives: where their entries lie, and what those hold. Internal.
// Format: PKWARE's APPNOTE.TXT, 6.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/io/byte_store.h"

namespace gradvitals {

/// One file of an archive, as the central directory has it.
struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;         ///< 0 for stored, 8 for deflated; others are not read.
  std::uint32_t crc = 0;            ///< Of the content, as the archive claims.
  std::uint64_t content_bytes = 0;  ///< Once decompressed, as the archive claims.
  std::span<const std::byte> data;  ///< As they lie in the archive.
};

/// The entries in the order of the central directory; zip64 included. Throws InputError naming the
/// path and the entry or byte at fault for what is cut short, damaged or encrypted, lies outside
/// the archive or overlaps, and for archives in several parts.
std::vector<ZipEntry> parse_zip(std::span<const std::byte> archive, const std::string& path);

/// What an entry holds: its data where they are stored, else a block of `store`, whose size is
/// bounded by what deflate can make of the data. Throws InputError naming the path and the entry
/// where the data are damaged, do not give what the archive claims (size and checksum), or are
/// compressed in another way.
std::span<const std::byte> zip_content(const ZipEntry& entry, ByteStore& store,
                                       const std::string& path);

}  // namespace gradvitals
