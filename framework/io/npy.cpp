#include "framework/io/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "framework/io/checked_product.h"
#include "framework/io/file_kind.h"
#include "framework/io/npy_header.h"
#include "framework/io/zip_archive.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kEnding = ".npy";

/// The header's text, and what follows it.
struct Parts {
  std::string_view header;
  std::span<const std::byte> data;
};

Parts split(std::span<const std::byte> file, const std::string& path, const std::string& where) {
  const auto refuse = [&](std::string_view what) { refuse_input(path, where + std::string(what)); };
  if (!as_text(file).starts_with(kMagic)) refuse("is no NumPy array");
  constexpr std::size_t kVersionBytes = 2;
  if (file.size() < kMagic.size() + kVersionBytes) refuse("cut short inside the version");
  const auto version = std::to_integer<int>(file[kMagic.size()]);
  if (version < 1 || version > 3) {
    refuse(fmt::format("version {} of the format is unknown", version));
  }
  const std::size_t length_bytes = version == 1 ? sizeof(std::uint16_t) : sizeof(std::uint32_t);
  const auto rest = file.subspan(kMagic.size() + kVersionBytes);
  if (rest.size() < length_bytes) refuse("cut short inside the length of the header");
  std::uint32_t length = 0;
  std::memcpy(&length, rest.data(), length_bytes);
  if (length > rest.size() - length_bytes) refuse("the header goes beyond the end");
  return {as_text(rest.subspan(length_bytes, length)), rest.subspan(length_bytes + length)};
}

/// A type as the header has it: "<f4" is '<', 'f' and 4 bytes.
struct Descr {
  char order = '|';
  char kind = '\0';
  std::uint64_t bytes = 0;  ///< 0 where the rest is no number.
};

Descr split_descr(std::string_view text) {
  Descr descr;
  if (!text.empty() && std::string_view("<>|=").find(text.front()) != std::string_view::npos) {
    descr.order = text.front();
    text.remove_prefix(1);
  }
  if (text.empty()) return descr;
  descr.kind = text.front();
  const auto [stop, error] =
      std::from_chars(text.data() + 1, text.data() + text.size(), descr.bytes);
  if (error != std::errc() || stop != text.data() + text.size()) descr.bytes = 0;
  return descr;
}

std::optional<DType> dtype_of(const Descr& descr) {
  if (descr.kind != 'f') return std::nullopt;
  switch (descr.bytes) {
    case 2:
      return DType::kFloat16;
    case 4:
      return DType::kFloat32;
    case 8:
      return DType::kFloat64;
    default:
      return std::nullopt;
  }
}

/// "int64" for "<i8"; the text itself where NumPy has no such word.
std::string name_of(const Descr& descr, const std::string& text) {
  constexpr std::uint64_t kWidest = 32;  // complex256
  if (descr.kind == 'b') return "bool";
  if (descr.bytes == 0 || descr.bytes > kWidest) return text;
  const std::string_view word = descr.kind == 'i'   ? "int"
                                : descr.kind == 'u' ? "uint"
                                : descr.kind == 'f' ? "float"
                                : descr.kind == 'c' ? "complex"
                                                    : "";
  return word.empty() ? text : fmt::format("{}{}", word, 8 * descr.bytes);
}

std::int64_t checked_count(const NpyHeader& header, const std::string& path,
                           const std::string& where) {
  std::optional<std::uint64_t> count = 1;
  for (const std::uint64_t dimension : header.shape) {
    count = checked_product(*count, dimension);
    if (!count) {
      refuse_input(path, fmt::format("{}shape ({}) has more elements than can be counted", where,
                                     fmt::join(header.shape, ", ")));
    }
  }
  return static_cast<std::int64_t>(*count);
}

void check_bytes(const NpyArray& array, std::uint64_t element_bytes, const std::string& path,
                 const std::string& where) {
  const auto bytes = checked_product(static_cast<std::uint64_t>(array.count), element_bytes);
  if (bytes == array.bytes.size()) return;
  refuse_input(path, fmt::format("{}{} elements of {} do not fit {} bytes of data", where,
                                 array.count, array.dtype_name, array.bytes.size()));
}

/// The last byte of each element becomes its first.
void swap_bytes(std::span<std::byte> bytes, std::size_t element_bytes) {
  for (; !bytes.empty(); bytes = bytes.subspan(element_bytes)) {
    std::ranges::reverse(bytes.first(element_bytes));
  }
}

/// Copies elements whose first dimension varies fastest to where the last one does.
void copy_transposed(const NpyArray& array, std::size_t element_bytes, std::span<std::byte> out) {
  const std::size_t rank = array.shape.size();
  std::vector<std::size_t> strides(rank), index(rank, 0);
  std::size_t stride = element_bytes;
  for (std::size_t d = 0; d < rank; ++d) {
    strides[d] = stride;
    stride *= static_cast<std::size_t>(array.shape[d]);
  }
  std::size_t from = 0;
  for (; !out.empty(); out = out.subspan(element_bytes)) {
    std::ranges::copy(array.bytes.subspan(from, element_bytes), out.begin());
    // Counts up like an odometer, the last dimension first.
    for (std::size_t d = rank; d-- > 0;) {
      from += strides[d];
      if (++index[d] < static_cast<std::size_t>(array.shape[d])) break;
      from -= strides[d] * index[d];
      index[d] = 0;
    }
  }
}

std::string name_in(std::string_view entry_name) {
  if (entry_name.ends_with(kEnding)) entry_name.remove_suffix(kEnding.size());
  return std::string(entry_name);
}

}  // namespace

NpyArray parse_npy(std::span<const std::byte> file, const std::string& path,
                   const std::string& where) {
  const Parts parts = split(file, path, where);
  const NpyHeader header = parse_npy_header(parts.header, path, where);
  NpyArray array;
  if (header.is_structured) {
    array.dtype_name = kNpyRecords;
    return array;
  }
  const Descr descr = split_descr(header.descr);
  if (descr.kind == 'V' && descr.bytes == 2) {
    refuse_input(path,
                 fmt::format("{}type {} is what NumPy makes of bfloat16, whose meaning is lost; "
                             "save it as float32, or as safetensors",
                             where, in_quotes(header.descr)));
  }
  array.dtype_name = descr.kind == 'O' ? std::string(kNpyObjects) : name_of(descr, header.descr);
  array.dtype = dtype_of(descr);
  array.is_big_endian = descr.order == '>';
  array.is_fortran_order = header.fortran_order;
  array.count = checked_count(header, path, where);
  array.shape.assign(header.shape.begin(), header.shape.end());
  array.bytes = parts.data;
  if (array.dtype) check_bytes(array, descr.bytes, path, where);
  return array;
}

SafetensorsEntry entry_of(const NpyArray& array, std::string name, ByteStore& store) {
  SafetensorsEntry entry{.name = std::move(name),
                         .dtype = array.dtype.value(),
                         .shape = array.shape,
                         .count = array.count,
                         .bytes = array.bytes};
  const auto element_bytes = static_cast<std::size_t>(size_in_bytes(entry.dtype));
  const bool is_transposed = array.is_fortran_order && array.shape.size() > 1;
  if (is_transposed || array.is_big_endian) {
    const std::span<std::byte> copy = store.make(array.bytes.size());
    if (is_transposed) {
      copy_transposed(array, element_bytes, copy);
    } else {
      std::ranges::copy(array.bytes, copy.begin());
    }
    if (array.is_big_endian) swap_bytes(copy, element_bytes);
    entry.bytes = copy;
  }
  store.align(entry);
  return entry;
}

SafetensorsContents parse_npz(std::span<const std::byte> archive, const std::string& path,
                              std::int64_t max_bytes, ByteStore& store) {
  SafetensorsContents contents;
  std::set<std::string> names;
  auto memory_left = static_cast<std::uint64_t>(max_bytes);
  for (const ZipEntry& entry : parse_zip(archive, path)) {
    const bool is_folder = entry.name.ends_with('/');
    if (is_folder) continue;
    if (!entry.name.ends_with(kEnding)) {
      contents.left_out.push_back({entry.name, "no array"});
      continue;
    }
    if (entry.content_bytes > entry.data.size()) {
      if (entry.content_bytes > memory_left) {
        refuse_input(path, fmt::format("holds more than {} bytes when decompressed", max_bytes));
      }
      memory_left -= entry.content_bytes;
    }
    const std::string name = name_in(entry.name);
    const std::string where = fmt::format("array {}: ", in_quotes(name));
    if (!names.insert(name).second) refuse_input(path, where + "given twice");
    const NpyArray array = parse_npy(zip_content(entry, store, path), path, where);
    if (array.dtype) {
      contents.tensors.push_back(entry_of(array, name, store));
    } else {
      contents.left_out.push_back({name, array.dtype_name});
    }
  }
  if (names.empty()) refuse_input(path, "is a zip archive that holds no array (no .npy entry)");
  return contents;
}

}  // namespace gradvitals
