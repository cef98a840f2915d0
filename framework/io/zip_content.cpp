#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <new>

#include "framework/io/zip_archive.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint16_t kStored = 0, kDeflated = 8;

[[noreturn]] void refuse_entry(const ZipEntry& entry, const std::string& what,
                               const std::string& path) {
  refuse_input(path, fmt::format("entry {}: {}", in_quotes(entry.name), what));
}

/// zlib counts its input and output in 32 bits.
template <class Byte>
unsigned take_chunk(std::span<Byte>& bytes) {
  const std::size_t taken = std::min<std::size_t>(bytes.size(), std::size_t{1} << 30);
  bytes = bytes.subspan(taken);
  return static_cast<unsigned>(taken);
}

/// Fills `content` from raw deflated data; false where they are damaged or of another size.
bool inflate_into(std::span<std::byte> content, Bytes data) {
  z_stream stream{};
  constexpr int kRawDeflate = -15;  // The largest window, and no header of zlib's.
  if (inflateInit2(&stream, kRawDeflate) != Z_OK) throw std::bad_alloc();
  // zlib requires a non-null pointer, even for an empty output.
  std::byte nothing{};
  stream.next_out = reinterpret_cast<Bytef*>(content.empty() ? &nothing : content.data());
  // zlib only reads from it; its declaration is const only with ZLIB_CONST.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data.data()));
  int status = Z_OK;
  while (status == Z_OK) {
    if (stream.avail_in == 0) stream.avail_in = take_chunk(data);
    if (stream.avail_out == 0) stream.avail_out = take_chunk(content);
    status = inflate(&stream, Z_NO_FLUSH);
  }
  const bool is_whole = status == Z_STREAM_END && stream.avail_in == 0 && data.empty() &&
                        stream.avail_out == 0 && content.empty();
  inflateEnd(&stream);
  return is_whole;
}

std::uint32_t crc_of(Bytes content) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
}

}  // namespace

Bytes zip_content(const ZipEntry& entry, ByteStore& store, const std::string& path) {
  Bytes content = entry.data;
  if (entry.method == kDeflated) {
    // Deflate expands by a factor of 1032 at most: a larger claim would only exhaust memory.
    constexpr std::uint64_t kMaxRatio = 1032;
    if (entry.content_bytes / kMaxRatio > entry.data.size()) {
      refuse_entry(entry,
                   fmt::format("claims {} bytes, which its data cannot give", entry.content_bytes),
                   path);
    }
    const std::span<std::byte> block = store.make(entry.content_bytes);
    if (!inflate_into(block, entry.data))
      refuse_entry(entry, "the compressed data is damaged", path);
    content = block;
  } else if (entry.method != kStored) {
    refuse_entry(
        entry,
        fmt::format("is compressed by method {}; stored and deflated are read", entry.method),
        path);
  }
  if (content.size() != entry.content_bytes) {
    refuse_entry(entry,
                 fmt::format("claims {} bytes and has {}", entry.content_bytes, content.size()),
                 path);
  }
  if (crc_of(content) != entry.crc) refuse_entry(entry, "its checksum does not match", path);
  return content;
}

}  // namespace gradvitals
