#include "framework/io/zip_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "framework/io/file_kind.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

using namespace std::string_view_literals;
using Bytes = std::span<const std::byte>;

constexpr std::uint16_t kEncryptedFlag = 1;
/// What a 32-bit or 16-bit field holds where the value stands in a zip64 field.
constexpr std::uint64_t kIn64Bits = 0xFFFFFFFF, kCountIn64Bits = 0xFFFF;

/// Reads little-endian fields one after the other; refuses to go beyond the end.
class Fields {
 public:
  Fields(Bytes bytes, std::string_view what, const std::string& path)
      : rest_(bytes), what_(what), path_(path) {}

  template <class T>
  T take() {
    T value = 0;
    std::memcpy(&value, take_bytes(sizeof value).data(), sizeof value);
    return value;
  }
  Bytes take_bytes(std::size_t count) {
    if (count > rest_.size()) refuse_input(path_, fmt::format("cut short inside {}", what_));
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  void skip(std::size_t count) { take_bytes(count); }
  void expect_signature(std::string_view signature) {
    if (as_text(take_bytes(signature.size())) != signature) {
      refuse_input(path_, fmt::format("{} is not where the archive says", what_));
    }
  }
  Bytes rest() const { return rest_; }

 private:
  Bytes rest_;
  std::string_view what_;
  const std::string& path_;
};

/// Where the central directory lies.
struct Directory {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t begin = 0;
};

constexpr std::string_view kEndSignature = "PK\x05\x06"sv;
constexpr std::size_t kEndBytes = 22;  // Without the comment that may follow.

/// Where the record at the end begins: a comment of up to 64 KiB may stand behind it.
std::size_t end_record(Bytes archive, const std::string& path) {
  constexpr std::size_t kMaxComment = 0xFFFF;
  const std::size_t tail = std::min(archive.size(), kEndBytes + kMaxComment);
  for (std::size_t from_end = kEndBytes; from_end <= tail; ++from_end) {
    const Bytes record = archive.last(from_end);
    if (!as_text(record).starts_with(kEndSignature)) continue;
    std::uint16_t comment = 0;
    std::memcpy(&comment, record.data() + kEndBytes - sizeof comment, sizeof comment);
    if (kEndBytes + comment == from_end) return archive.size() - from_end;
  }
  refuse_input(path, "is a zip archive without its end: cut short, or still being written");
}

/// The zip64 record, which a locator before the end record points at.
Directory directory_in_64_bits(Bytes archive, std::size_t end, const std::string& path) {
  constexpr std::size_t kLocatorBytes = 20;
  if (end < kLocatorBytes) refuse_input(path, "the zip64 locator is missing");
  Fields locator(archive.subspan(end - kLocatorBytes), "the zip64 locator", path);
  locator.expect_signature("PK\x06\x07"sv);
  locator.skip(4);
  const auto at = locator.take<std::uint64_t>();
  if (at > end) refuse_input(path, "the zip64 locator points beyond the archive");
  Fields record(archive.subspan(at), "the zip64 record", path);
  record.expect_signature("PK\x06\x06"sv);
  record.skip(20);  // Its size, versions and disks.
  Directory directory;
  record.skip(8);  // Entries on this disk.
  directory.entries = record.take<std::uint64_t>();
  directory.bytes = record.take<std::uint64_t>();
  directory.begin = record.take<std::uint64_t>();
  return directory;
}

Directory find_directory(Bytes archive, const std::string& path) {
  const std::size_t end = end_record(archive, path);
  Fields record(archive.subspan(end), "the end record", path);
  record.expect_signature(kEndSignature);
  const auto disk = record.take<std::uint16_t>(), first_disk = record.take<std::uint16_t>();
  const auto entries_here = record.take<std::uint16_t>();
  Directory directory;
  directory.entries = record.take<std::uint16_t>();
  directory.bytes = record.take<std::uint32_t>();
  directory.begin = record.take<std::uint32_t>();
  const bool in_64_bits = directory.entries == kCountIn64Bits || directory.bytes == kIn64Bits ||
                          directory.begin == kIn64Bits;
  if (in_64_bits) {
    directory = directory_in_64_bits(archive, end, path);
  } else if (disk != 0 || first_disk != 0 || entries_here != directory.entries) {
    refuse_input(path, "is one part of a zip archive in several");
  }
  if (directory.begin > end || directory.bytes > end - directory.begin) {
    refuse_input(path, "the zip archive's directory goes beyond its end");
  }
  return directory;
}

/// An entry's offset and sizes, of which each may stand in a zip64 field instead.
struct Claim {
  std::uint64_t content_bytes = 0;
  std::uint64_t data_bytes = 0;
  std::uint64_t header = 0;
};

void read_zip64_field(Bytes extra, Claim& claim, const std::string& path) {
  constexpr std::uint16_t kZip64 = 1;
  Fields fields(extra, "an entry's extra field", path);
  while (fields.rest().size() >= 4) {
    const auto id = fields.take<std::uint16_t>();
    const auto size = fields.take<std::uint16_t>();
    Fields field(fields.take_bytes(size), "an entry's zip64 field", path);
    if (id != kZip64) continue;
    for (std::uint64_t* value : {&claim.content_bytes, &claim.data_bytes, &claim.header}) {
      if (*value == kIn64Bits) *value = field.take<std::uint64_t>();
    }
    return;
  }
}

/// The data behind the local header, whose name and extra field may differ in length.
Bytes data_of(Bytes archive, const Claim& claim, const std::string& name, const std::string& path) {
  const auto refuse = [&](const char* what) {
    refuse_input(path, fmt::format("entry {}: {}", in_quotes(name), what));
  };
  if (claim.header > archive.size()) refuse("lies outside the archive");
  Fields header(archive.subspan(claim.header), "an entry's header", path);
  header.expect_signature("PK\x03\x04"sv);
  header.skip(22);  // What the central directory says, too.
  const auto name_bytes = header.take<std::uint16_t>(), extra_bytes = header.take<std::uint16_t>();
  header.skip(std::size_t{name_bytes} + extra_bytes);
  if (claim.data_bytes > header.rest().size()) refuse("goes beyond the end of the archive");
  return header.rest().first(claim.data_bytes);
}

ZipEntry take_entry(Fields& directory, Bytes archive, const std::string& path) {
  directory.expect_signature("PK\x01\x02"sv);
  directory.skip(4);  // Versions.
  const auto flags = directory.take<std::uint16_t>();
  ZipEntry entry;
  entry.method = directory.take<std::uint16_t>();
  directory.skip(4);  // Time and date.
  entry.crc = directory.take<std::uint32_t>();
  Claim claim;
  claim.data_bytes = directory.take<std::uint32_t>();
  claim.content_bytes = directory.take<std::uint32_t>();
  const auto name_bytes = directory.take<std::uint16_t>();
  const auto extra_bytes = directory.take<std::uint16_t>();
  const auto comment_bytes = directory.take<std::uint16_t>();
  directory.skip(8);  // Disk and attributes.
  claim.header = directory.take<std::uint32_t>();
  entry.name = as_text(directory.take_bytes(name_bytes));
  read_zip64_field(directory.take_bytes(extra_bytes), claim, path);
  directory.skip(comment_bytes);
  if ((flags & kEncryptedFlag) != 0) {
    refuse_input(path, fmt::format("entry {}: is encrypted", in_quotes(entry.name)));
  }
  entry.content_bytes = claim.content_bytes;
  entry.data = data_of(archive, claim, entry.name, path);
  return entry;
}

/// Data that several entries share would be work without end in a small file.
void refuse_overlaps(const std::vector<ZipEntry>& entries, const std::string& path) {
  std::vector<const ZipEntry*> by_place;
  for (const ZipEntry& entry : entries) {
    if (!entry.data.empty()) by_place.push_back(&entry);
  }
  std::ranges::sort(by_place, {}, [](const ZipEntry* entry) { return entry->data.data(); });
  const auto overlap = std::ranges::adjacent_find(by_place, [](const auto* a, const auto* b) {
    return a->data.data() + a->data.size() > b->data.data();
  });
  if (overlap == by_place.end()) return;
  refuse_input(path, fmt::format("entry {}: overlaps {}", in_quotes((*(overlap + 1))->name),
                                 in_quotes((*overlap)->name)));
}

}  // namespace

std::vector<ZipEntry> parse_zip(Bytes archive, const std::string& path) {
  const Directory place = find_directory(archive, path);
  Fields directory(archive.subspan(place.begin, place.bytes), "the zip archive's directory", path);
  std::vector<ZipEntry> entries;
  while (!directory.rest().empty()) entries.push_back(take_entry(directory, archive, path));
  if (entries.size() != place.entries) {
    refuse_input(path, fmt::format("the zip archive's directory has {} entries, its end says {}",
                                   entries.size(), place.entries));
  }
  refuse_overlaps(entries, path);
  return entries;
}

}  // namespace gradvitals
