// ProtoMessage: a protocol buffer message, written field by field. Internal.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace gradvitals {

/// The wire format of https://protobuf.dev/programming-guides/encoding/. Fields are written in the
/// order of the calls, those with their default value as well, but for integers.
class ProtoMessage {
 public:
  /// Nothing for 0, which is what a field is that is not there.
  ProtoMessage& add_integer(std::uint32_t field, std::int64_t value) {
    if (value == 0) return *this;
    add_key(field, kVarint);
    add_varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtoMessage& add_float32(std::uint32_t field, float value) {
    add_key(field, kFixed32);
    add_little_endian(std::bit_cast<std::uint32_t>(value));
    return *this;
  }
  ProtoMessage& add_float64(std::uint32_t field, double value) {
    add_key(field, kFixed64);
    add_little_endian(std::bit_cast<std::uint64_t>(value));
    return *this;
  }
  /// Text, which must be UTF-8, or any bytes, as the field is declared.
  ProtoMessage& add_bytes(std::uint32_t field, std::string_view value) {
    add_key(field, kLengthDelimited);
    add_varint(value.size());
    bytes_ += value;
    return *this;
  }
  ProtoMessage& add_message(std::uint32_t field, const ProtoMessage& value) {
    return add_bytes(field, value.bytes_);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

  void add_key(std::uint32_t field, WireType type) { add_varint(std::uint64_t{field} << 3 | type); }
  void add_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  template <class Bits>
  void add_little_endian(Bits bits) {
    for (std::size_t i = 0; i < sizeof bits; ++i) bytes_ += static_cast<char>(bits >> (8 * i));
  }

  std::string bytes_;
};

}  // namespace gradvitals
