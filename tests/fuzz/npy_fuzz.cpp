#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <vector>

#include "framework/io/npy.h"
#include "framework/io/unread_format.h"
#include "framework/io/zip_archive.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::int64_t kMaxContentBytes = std::int64_t{1} << 20;

void check_entry(const SafetensorsEntry& entry) {
  require(entry.count * size_in_bytes(entry.dtype) == std::ssize(entry.bytes), "wrong count");
  const auto address = reinterpret_cast<std::uintptr_t>(entry.bytes.data());
  const auto alignment = static_cast<std::uintptr_t>(size_in_bytes(entry.dtype));
  require(entry.bytes.empty() || address % alignment == 0, "unaligned");
  // In long double: the dimensions before a zero may leave std::int64_t.
  long double claimed = 1;
  for (const std::int64_t dimension : entry.shape) {
    require(dimension >= 0, "a negative dimension");
    claimed *= static_cast<long double>(dimension);
  }
  require(claimed == static_cast<long double>(entry.count), "the shape does not fit");
  touch(entry.bytes);
}

/// Where the element of a row-major `index` begins in the bytes of the array.
std::size_t place_of(const NpyArray& array, std::size_t index, std::size_t element_bytes) {
  if (!array.is_fortran_order) return index * element_bytes;
  std::vector<std::size_t> coordinates;
  for (std::size_t d = array.shape.size(); d-- > 0;) {
    coordinates.push_back(index % static_cast<std::size_t>(array.shape[d]));
    index /= static_cast<std::size_t>(array.shape[d]);
  }
  std::size_t place = 0;
  for (std::size_t d = array.shape.size(); d-- > 0;) {
    const std::size_t coordinate = coordinates[array.shape.size() - 1 - d];
    place = place * static_cast<std::size_t>(array.shape[d]) + coordinate;
  }
  return place * element_bytes;
}

/// Every element is where it belongs, its bytes in the right order.
void check_elements(const NpyArray& array, const SafetensorsEntry& entry) {
  const auto element_bytes = static_cast<std::size_t>(size_in_bytes(entry.dtype));
  for (std::size_t i = 0; i < static_cast<std::size_t>(entry.count); ++i) {
    const Bytes from = array.bytes.subspan(place_of(array, i, element_bytes), element_bytes);
    std::vector<std::byte> expected(from.begin(), from.end());
    if (array.is_big_endian) std::ranges::reverse(expected);
    require(std::ranges::equal(expected, entry.bytes.subspan(i * element_bytes, element_bytes)),
            "an element changed");
  }
}

void check_array(Bytes file) {
  read_or_refuse("fuzz: ", [&] {
    const NpyArray array = parse_npy(file, "fuzz");
    touch(array.bytes);
    require(array.bytes.size() <= file.size(), "more data than bytes");
    if (!array.dtype) return;
    ByteStore store;
    const SafetensorsEntry entry = entry_of(array, "array", store);
    check_entry(entry);
    check_elements(array, entry);
  });
}

/// The input as a header up to its first NUL and data after it, with the right length before: no
/// mutation has to guess that.
std::vector<std::byte> with_npy_header(Bytes input) {
  const auto nul = std::ranges::find(input, std::byte{0});
  const auto length = static_cast<std::uint32_t>(nul - input.begin());
  const Bytes magic = std::as_bytes(std::span("\x93NUMPY\x02", 8));
  std::vector<std::byte> file(magic.begin(), magic.end());
  const Bytes length_bytes = std::as_bytes(std::span(&length, 1));
  file.insert(file.end(), length_bytes.begin(), length_bytes.end());
  file.insert(file.end(), input.begin(), nul);
  if (nul != input.end()) file.insert(file.end(), nul + 1, input.end());
  return file;
}

/// What raw deflated data hold, where they hold no more than deflate can make of them.
std::optional<std::string> inflated(Bytes data) {
  std::string content(1032 * data.size() + 1, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) throw std::bad_alloc();
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data.data()));
  stream.avail_in = static_cast<unsigned>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(content.data());
  stream.avail_out = static_cast<unsigned>(content.size());
  const int status = inflate(&stream, Z_FINISH);
  content.resize(stream.total_out);
  inflateEnd(&stream);
  if (status != Z_STREAM_END) return std::nullopt;
  return content;
}

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// An archive of the same entries, whose sizes and checksums are those of its data: no mutation has
/// to guess them.
std::string mended(const std::vector<ZipEntry>& entries) {
  constexpr std::uint16_t kDeflated = 8;
  std::string local, directory;
  for (const ZipEntry& entry : entries) {
    const std::string_view data(reinterpret_cast<const char*>(entry.data.data()),
                                entry.data.size());
    const auto inside = entry.method == kDeflated ? inflated(entry.data) : std::string(data);
    const std::string content = inside.value_or("");
    std::string fields;
    append(fields, std::uint16_t{0});  // Flags.
    append(fields, entry.method);
    append(fields, std::uint32_t{0});  // Time and date.
    append(fields, static_cast<std::uint32_t>(
                       crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size())));
    append(fields, static_cast<std::uint32_t>(data.size()));
    append(fields, static_cast<std::uint32_t>(content.size()));
    append(fields, static_cast<std::uint16_t>(entry.name.size()));
    append(fields, std::uint16_t{0});  // No extra field.
    directory += "PK\x01\x02" + std::string(4, '\0') + fields + std::string(10, '\0');
    append(directory, static_cast<std::uint32_t>(local.size()));
    directory += entry.name;
    local += "PK\x03\x04" + std::string(2, '\0') + fields + entry.name;
    local += data;
  }
  std::string end = "PK\x05\x06" + std::string(4, '\0');
  append(end, static_cast<std::uint16_t>(entries.size()));
  append(end, static_cast<std::uint16_t>(entries.size()));
  append(end, static_cast<std::uint32_t>(directory.size()));
  append(end, static_cast<std::uint32_t>(local.size()));
  append(end, std::uint16_t{0});  // No comment.
  return local + directory + end;
}

void check_arrays(Bytes archive, std::size_t entries) {
  read_or_refuse("fuzz: ", [&] {
    ByteStore store;
    const SafetensorsContents contents = parse_npz(archive, "fuzz", kMaxContentBytes, store);
    require(contents.tensors.size() + contents.left_out.size() <= entries, "too many arrays");
    std::set<std::string> names;
    for (const SafetensorsEntry& entry : contents.tensors) {
      require(names.insert(entry.name).second, "a name stands twice");
      check_entry(entry);
    }
  });
}

void check_archive(Bytes archive) {
  read_or_refuse("fuzz: ", [&] {
    const std::vector<ZipEntry> entries = parse_zip(archive, "fuzz");
    std::size_t covered = 0;
    for (const ZipEntry& entry : entries) {
      require(entry.data.empty() ||
                  (entry.data.data() >= archive.data() &&
                   entry.data.data() + entry.data.size() <= archive.data() + archive.size()),
              "data outside the archive");
      covered += entry.data.size();
    }
    require(covered <= archive.size(), "entries overlap");
    check_arrays(archive, entries.size());
    const std::string again = mended(entries);
    check_arrays(std::as_bytes(std::span(again)), entries.size());
  });
}

void check_unread_format(Bytes file) {
  read_or_refuse("fuzz: ", [&] {
    try {
      refuse_unread_format(file, "fuzz");
    } catch (const UnreadFormatError& error) {
      for (const std::string& line : error.way_out()) {
        require(!line.empty() && line.find('\n') == std::string::npos, "a way out in two lines");
      }
      throw;
    }
  });
}

}  // namespace

void fuzz_npy(Bytes input) {
  check_array(input);
  check_array(with_npy_header(input));
  check_archive(input);
  check_unread_format(input);
}

}  // namespace gradvitals::test
