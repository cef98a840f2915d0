#include "framework/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "framework/io/checked_product.h"
#include "framework/io/file_kind.h"
#include "framework/io/safetensors_header.h"
#include "framework/io/unread_format.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensors are used as they lie in the file, which is little-endian");

// The reference implementation's cap.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// The format of a file that is not safetensors but can be read elsewhere.
std::string_view other_kind(std::span<const std::byte> file) {
  switch (kind_of(file)) {
    case FileKind::kJson:
    case FileKind::kShardIndex:
      return "JSON";
    case FileKind::kText:
      return "text";
    case FileKind::kGzip:
      return "gzip-compressed";
    case FileKind::kNpy:
      return "a NumPy array";
    case FileKind::kZip:
      return "a zip archive";
    default:
      return {};
  }
}

std::uint64_t checked_header_bytes(std::span<const std::byte> file, const std::string& path) {
  if (file.empty()) refuse_input(path, "is empty");
  if (file.size() < kSafetensorsLengthBytes) {
    refuse_input(path, fmt::format("byte {}: cut short inside the header length", file.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kSafetensorsLengthBytes);
  const bool fits = length <= file.size() - kSafetensorsLengthBytes;
  if (length <= kMaxHeaderBytes && fits) return length;
  if (const std::string_view other = other_kind(file); !other.empty()) {
    refuse_input(path, fmt::format("is {}, not safetensors", other));
  }
  // Binary files of every kind begin with 8 bytes: they are a length where a header follows.
  const std::span<const std::byte> rest = file.subspan(kSafetensorsLengthBytes);
  if (!rest.empty() && rest.front() != std::byte{'{'}) refuse_as_no_safetensors(path);
  if (length > kMaxHeaderBytes) {
    refuse_input(path, fmt::format("is not a safetensors file: byte 0: header length {} is above "
                                   "the limit of {}",
                                   length, kMaxHeaderBytes));
  }
  refuse_input(path, fmt::format("is cut short: its header has {} bytes from byte {} on, and the "
                                 "file {} bytes in all",
                                 length, kSafetensorsLengthBytes, file.size()));
}

/// Bits of one element of the types that the format defines beside the four; empty for a name that
/// it does not know.
std::optional<std::uint64_t> bits_of_other_type(std::string_view dtype) {
  static const std::map<std::string_view, std::uint64_t> bits{
      {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
      {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E5M2FNUZ", 8},
      {"F8_E4M3FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"I32", 32},    {"U32", 32},
      {"C64", 64},        {"I64", 64},    {"U64", 64},
  };
  const auto found = bits.find(dtype);
  return found == bits.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::uint64_t> element_bits(const SafetensorsClaim& claim) {
  if (!claim.dtype) return bits_of_other_type(claim.dtype_name);
  return 8 * static_cast<std::uint64_t>(size_in_bytes(*claim.dtype));
}

std::uint64_t checked_count(const SafetensorsClaim& claim, const std::string& path) {
  std::optional<std::uint64_t> count = 1;
  for (const std::uint64_t dimension : claim.shape) {
    count = checked_product(*count, dimension);
    if (!count) break;
  }
  if (!count) {
    refuse_input(path, fmt::format("tensor {}, shape: [{}] has more elements than can be counted",
                                   in_quotes(claim.name), fmt::join(claim.shape, ",")));
  }
  return *count;
}

[[noreturn]] void refuse_offsets(const SafetensorsClaim& claim, const std::string& what,
                                 const std::string& path) {
  refuse_input(path, fmt::format("tensor {}, data_offsets: [{},{}] {}", in_quotes(claim.name),
                                 claim.begin, claim.end, what));
}

/// Refuses a claim whose offsets leave the data or do not span exactly its elements.
std::uint64_t checked_count_in(const SafetensorsClaim& claim, std::uint64_t data_bytes,
                               const std::string& path) {
  if (claim.begin > claim.end) refuse_offsets(claim, "end before they begin", path);
  if (claim.end > data_bytes) {
    refuse_offsets(claim,
                   fmt::format("go beyond the {} bytes of data: the file is cut short, or its "
                               "header is wrong",
                               data_bytes),
                   path);
  }
  const std::uint64_t count = checked_count(claim, path);
  const std::optional<std::uint64_t> bits_each = element_bits(claim);
  if (!bits_each) return count;  // A type of tomorrow: its tensor is left out.
  const std::uint64_t span = claim.end - claim.begin;
  const std::optional<std::uint64_t> bits = checked_product(count, *bits_each);
  if (bits && *bits % 8 == 0 && *bits / 8 == span) return count;
  const std::string needed =
      bits ? fmt::format("{}", (*bits + 7) / 8) : std::string("more than can be counted");
  refuse_offsets(claim,
                 fmt::format("span {} bytes, but {} elements of {} are {}", span, count,
                             shown_name(claim.dtype_name), needed),
                 path);
}

void check_begins_at(std::uint64_t covered, const SafetensorsClaim& claim,
                     const std::string& path) {
  if (claim.begin == covered) return;
  refuse_input(path, fmt::format("tensor {}, data_offsets: begin at {}, {} at {}",
                                 in_quotes(claim.name), claim.begin,
                                 claim.begin < covered ? "overlapping the tensor that ends"
                                                       : "leaving a hole that begins",
                                 covered));
}

SafetensorsEntry entry_of(SafetensorsClaim&& claim, std::uint64_t count,
                          std::span<const std::byte> data) {
  SafetensorsEntry entry;
  entry.name = std::move(claim.name);
  entry.dtype = *claim.dtype;
  entry.shape.assign(claim.shape.begin(), claim.shape.end());
  entry.count = static_cast<std::int64_t>(count);
  entry.bytes = data.subspan(claim.begin, claim.end - claim.begin);
  return entry;
}

/// The contents of a file that may be of any kind.
SafetensorsContents contents_of(std::span<const std::byte> file, const std::string& path) {
  refuse_unread_format(file, path);
  return parse_safetensors(file, path);
}

}  // namespace

SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& path) {
  const std::uint64_t header_bytes = checked_header_bytes(file, path);
  const std::string_view json(reinterpret_cast<const char*>(file.data()) + kSafetensorsLengthBytes,
                              header_bytes);
  const std::span<const std::byte> data = file.subspan(kSafetensorsLengthBytes + header_bytes);
  SafetensorsHeader header = parse_safetensors_header(json, path);

  // Empty tensors share their offset with the one that follows: the end breaks the tie.
  std::ranges::stable_sort(header.tensors, {}, [](const SafetensorsClaim& claim) {
    return std::pair(claim.begin, claim.end);
  });
  SafetensorsContents contents;
  contents.tensors.reserve(header.tensors.size());
  std::uint64_t covered = 0;
  for (SafetensorsClaim& claim : header.tensors) {
    const std::uint64_t count = checked_count_in(claim, data.size(), path);
    check_begins_at(covered, claim, path);
    covered = claim.end;
    if (!claim.dtype) {
      contents.left_out.push_back({std::move(claim.name), std::move(claim.dtype_name)});
      continue;
    }
    contents.tensors.push_back(entry_of(std::move(claim), count, data));
  }
  if (covered != data.size()) {
    refuse_input(path, fmt::format("byte {}: the last {} bytes belong to no tensor",
                                   file.size() - (data.size() - covered), data.size() - covered));
  }
  contents.metadata = std::move(header.metadata);
  return contents;
}

SafetensorsFile::SafetensorsFile(const std::string& path)
    : path_(path), mapping_(path), contents_(contents_of(mapping_.bytes(), path)) {
  for (SafetensorsEntry& entry : contents_.tensors) realigned_.align(entry);
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = std::ranges::find(contents_.tensors, name, &SafetensorsEntry::name);
  return found == contents_.tensors.end() ? nullptr : &*found;
}

}  // namespace gradvitals
