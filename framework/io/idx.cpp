#include "framework/io/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

constexpr std::size_t kMagicBytes = 4;  // Two zeros, the element type, the number of dimensions.
constexpr std::size_t kDimensionBytes = 4;

template <class Bits>
Bits big_endian(std::span<const std::byte> bytes) {
  Bits value = 0;
  for (const std::byte byte : bytes.first(sizeof(Bits))) {
    value = static_cast<Bits>(value << 8 | std::to_integer<Bits>(byte));
  }
  return value;
}

/// How one element lies in the file.
struct ElementType {
  std::size_t bytes;
  double (*read)(std::span<const std::byte>);
};

template <class T, class Bits>
constexpr ElementType element_type() {
  static_assert(sizeof(T) == sizeof(Bits));
  return {sizeof(T), [](std::span<const std::byte> bytes) {
            return static_cast<double>(std::bit_cast<T>(big_endian<Bits>(bytes)));
          }};
}

std::optional<ElementType> parse_element_type(std::uint8_t code) {
  switch (code) {
    case 0x08:
      return element_type<std::uint8_t, std::uint8_t>();
    case 0x09:
      return element_type<std::int8_t, std::uint8_t>();
    case 0x0B:
      return element_type<std::int16_t, std::uint16_t>();
    case 0x0C:
      return element_type<std::int32_t, std::uint32_t>();
    case 0x0D:
      return element_type<float, std::uint32_t>();
    case 0x0E:
      return element_type<double, std::uint64_t>();
    default:
      return std::nullopt;
  }
}

ElementType checked_element_type(std::span<const std::byte> file, const std::string& path) {
  if (file.empty()) refuse_input(path, "is empty");
  if (file.size() < kMagicBytes) {
    refuse_input(path, fmt::format("byte {}: cut short inside the magic number", file.size()));
  }
  const auto magic = big_endian<std::uint32_t>(file);
  if (magic >> 16 != 0) {
    refuse_input(path, fmt::format("byte 0: magic number {:#010x} is not that of IDX", magic));
  }
  const std::optional<ElementType> type = parse_element_type(magic >> 8 & 0xFF);
  if (!type) {
    refuse_input(path, fmt::format("byte 2: unknown element type {:#04x}", magic >> 8 & 0xFF));
  }
  return *type;
}

std::vector<std::int64_t> checked_shape(std::span<const std::byte> file, const std::string& path) {
  const auto rank = std::to_integer<std::size_t>(file[kMagicBytes - 1]);
  if (rank == 0) refuse_input(path, "byte 3: no dimensions");
  std::vector<std::int64_t> shape;
  for (std::size_t at = kMagicBytes; shape.size() < rank; at += kDimensionBytes) {
    if (file.size() < at + kDimensionBytes) {
      refuse_input(path, fmt::format("byte {}: cut short inside dimension {} of {}", file.size(),
                                     shape.size(), rank));
    }
    shape.push_back(big_endian<std::uint32_t>(file.subspan(at)));
  }
  return shape;
}

/// Elements of the shape, which must fill exactly `data_bytes`.
std::size_t checked_count(const std::vector<std::int64_t>& shape, std::size_t element_bytes,
                          std::size_t data_bytes, const std::string& path) {
  const auto refuse = [&] {
    refuse_input(path,
                 fmt::format("dimensions [{}] of {}-byte elements do not fit {} bytes of data",
                             fmt::join(shape, ","), element_bytes, data_bytes));
  };
  std::size_t count = std::ranges::find(shape, 0) == shape.end() ? 1 : 0;
  for (const std::int64_t dimension : shape) {
    // Divided, not multiplied: 255 dimensions of 32 bits leave every integer.
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(dimension, 1));
    if (count > data_bytes / size) refuse();
    count *= size;
  }
  if (count * element_bytes != data_bytes) refuse();
  return count;
}

}  // namespace

IdxArray parse_idx(std::span<const std::byte> file, const std::string& path) {
  const ElementType type = checked_element_type(file, path);
  IdxArray array{.shape = checked_shape(file, path), .values = {}};
  const auto data = file.subspan(kMagicBytes + kDimensionBytes * array.shape.size());
  array.values.resize(checked_count(array.shape, type.bytes, data.size(), path));
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    array.values[i] = type.read(data.subspan(i * type.bytes));
  }
  return array;
}

}  // namespace gradvitals
