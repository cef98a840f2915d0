#include "framework/io/byte_store.h"

#include <algorithm>
#include <cstdint>

namespace gradvitals {

std::span<std::byte> ByteStore::make(std::size_t bytes) {
  blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
  return {blocks_.back().get(), bytes};
}

void ByteStore::align(SafetensorsEntry& entry) {
  const auto address = reinterpret_cast<std::uintptr_t>(entry.bytes.data());
  const auto alignment = static_cast<std::uintptr_t>(size_in_bytes(entry.dtype));
  if (entry.bytes.empty() || address % alignment == 0) return;
  const std::span<std::byte> copy = make(entry.bytes.size());
  std::ranges::copy(entry.bytes, copy.begin());
  entry.bytes = copy;
}

}  // namespace gradvitals
