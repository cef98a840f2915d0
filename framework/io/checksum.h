// Crc32: a checksum of bytes that come in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gradvitals {

/// CRC-32 as in zip, gzip and PNG (ISO 3309): 0xcbf43926 of "123456789". It finds every error
/// within 32 bits in a row; others pass once in 2^32.
class Crc32 {
 public:
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

  std::uint32_t value() const { return value_; }

 private:
  std::uint32_t value_ = 0;
};

}  // namespace gradvitals
