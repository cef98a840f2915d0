#include "framework/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "framework/io/input_message.h"
#include "framework/io/safetensors_header.h"

namespace gradvitals {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensors are used as they lie in the file, which is little-endian");

// The reference implementation's cap.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// What a file that is no safetensors looks like, where that shows.
std::string_view other_kind(std::span<const std::byte> file) {
  const auto first = static_cast<unsigned char>(file[0]),
             second = static_cast<unsigned char>(file[1]);
  if (first == '{' || first == '[') return "JSON";
  if (first == 0x1f && second == 0x8b) return "gzip-compressed";
  if (first == 'P' && second == 'K') return "a zip archive (PyTorch and NumPy save such)";
  if (first == 0x89 && second == 'H') return "HDF5";
  return {};
}

std::uint64_t checked_header_bytes(std::span<const std::byte> file, const std::string& path) {
  if (file.empty()) refuse_input(path, "is empty");
  if (file.size() < kSafetensorsLengthBytes) {
    refuse_input(path, fmt::format("byte {}: cut short inside the header length", file.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kSafetensorsLengthBytes);
  const bool is_too_long =
      length > kMaxHeaderBytes || length > file.size() - kSafetensorsLengthBytes;
  if (const std::string_view kind = other_kind(file); is_too_long && !kind.empty()) {
    refuse_input(path, fmt::format("is {}, not safetensors", kind));
  }
  if (length > kMaxHeaderBytes) {
    refuse_input(path, fmt::format("byte 0: header length {} is above the limit of {}", length,
                                   kMaxHeaderBytes));
  }
  if (length > file.size() - kSafetensorsLengthBytes) {
    refuse_input(path, fmt::format("byte 0: header length {} goes beyond the file's {} bytes",
                                   length, file.size()));
  }
  return length;
}

/// a * b, or nothing where it leaves the range of std::int64_t.
std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (b > kMax || (a != 0 && b > kMax / a)) return std::nullopt;
  return a * b;
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

/// Refuses a claim whose offsets leave the data or do not span exactly its elements.
std::uint64_t checked_count_in(const SafetensorsClaim& claim, std::uint64_t data_bytes,
                               const std::string& path) {
  const auto refuse = [&](const std::string& what) {
    refuse_input(path, fmt::format("tensor {}, data_offsets: [{},{}] {}", in_quotes(claim.name),
                                   claim.begin, claim.end, what));
  };
  if (claim.begin > claim.end) refuse("end before they begin");
  if (claim.end > data_bytes) refuse(fmt::format("go beyond the {} bytes of data", data_bytes));
  const std::uint64_t count = checked_count(claim, path);
  const auto element_bytes = static_cast<std::uint64_t>(size_in_bytes(claim.dtype));
  const std::optional<std::uint64_t> bytes = checked_product(count, element_bytes);
  if (bytes != claim.end - claim.begin) {
    refuse(fmt::format("span {} bytes, but {} elements of {} are {}", claim.end - claim.begin,
                       count, name(claim.dtype),
                       bytes ? fmt::format("{}", *bytes) : "more than can be counted"));
  }
  return count;
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
  entry.dtype = claim.dtype;
  entry.shape.assign(claim.shape.begin(), claim.shape.end());
  entry.count = static_cast<std::int64_t>(count);
  entry.bytes = data.subspan(claim.begin, claim.end - claim.begin);
  return entry;
}

bool is_aligned(const SafetensorsEntry& entry) {
  const auto address = reinterpret_cast<std::uintptr_t>(entry.bytes.data());
  return address % static_cast<std::uintptr_t>(size_in_bytes(entry.dtype)) == 0;
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
    : path_(path), mapping_(path), contents_(parse_safetensors(mapping_.bytes(), path)) {
  for (SafetensorsEntry& entry : contents_.tensors) {
    if (entry.bytes.empty() || is_aligned(entry)) continue;
    auto& copy = realigned_.emplace_back(std::make_unique<std::byte[]>(entry.bytes.size()));
    std::ranges::copy(entry.bytes, copy.get());
    entry.bytes = {copy.get(), entry.bytes.size()};
  }
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = std::ranges::find(contents_.tensors, name, &SafetensorsEntry::name);
  return found == contents_.tensors.end() ? nullptr : &*found;
}

}  // namespace gradvitals
