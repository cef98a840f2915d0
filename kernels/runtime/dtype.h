// Element types: what a tensor's bytes mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gradvitals {

/// Element type of a tensor. Ops compute in float32 (float64 too, on the cpu device); statistics
/// accept all four.
enum class DType : std::uint8_t { kFloat32, kFloat64, kFloat16, kBFloat16 };

/// IEEE 754 binary16, as stored. Converted to float before any arithmetic.
struct Float16 {
  std::uint16_t bits = 0;
};

/// The upper half of a binary32, as stored. Converted to float before any arithmetic.
struct BFloat16 {
  std::uint16_t bits = 0;
};

/// Bytes of one element: 4, 8, 2 or 2.
std::int64_t size_in_bytes(DType dtype);

/// The name safetensors gives the type: "F32", "F64", "F16" or "BF16".
std::string_view name(DType dtype);

/// The inverse of name(); empty where the text names none of the four.
std::optional<DType> parse_dtype(std::string_view text);

/// Exact conversions (every binary16 and bfloat16 value is a binary32 value; NaN stays NaN).
float to_float32(Float16 value);
float to_float32(BFloat16 value);

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kFloat64;
};
template <>
struct DTypeOf<Float16> {
  static constexpr DType value = DType::kFloat16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::kBFloat16;
};

/// The DType of a C++ element type.
template <class T>
inline constexpr DType kDTypeOf = DTypeOf<T>::value;

}  // namespace gradvitals
